import { expect, test } from '@jest/globals';
import { FakeClock, SliceMonitor } from './index.ts';

test('sees a slice of CPU time and forgets its timer when stopped', async () => {
  const clock = new FakeClock();
  const monitor = new SliceMonitor(clock);
  monitor.start();
  const before = process.threadCpuUsage();
  let busyMs = 0;
  while (busyMs < 15) {
    const { user, system } = process.threadCpuUsage(before);
    busyMs = (user + system) / 1000;
  }
  await clock.advance(10);
  expect(monitor.longestMs).toBeGreaterThanOrEqual(15);
  monitor.stop();
  expect(clock.pendingTimers).toBe(0);
});
