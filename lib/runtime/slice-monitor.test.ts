import { expect, test } from '@jest/globals';
import { FakeClock, SliceMonitor } from './index.ts';

test.each([10, 100])('sees a slice of CPU time every %i ms, and forgets its timer', async (ms) => {
  const clock = new FakeClock();
  const monitor = ms === 10 ? new SliceMonitor(clock) : new SliceMonitor(clock, ms);
  monitor.start();
  const before = process.threadCpuUsage();
  let busyMs = 0;
  while (busyMs < 15) {
    const { user, system } = process.threadCpuUsage(before);
    busyMs = (user + system) / 1000;
  }
  await clock.advance(ms - 1);
  expect(monitor.longestMs).toBe(0);
  await clock.advance(1);
  expect(monitor.longestMs).toBeGreaterThanOrEqual(15);
  monitor.stop();
  expect(clock.pendingTimers).toBe(0);
});
