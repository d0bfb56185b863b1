import { expect, test } from '@jest/globals';
import { FakeClock, sleep, systemClock } from './index.ts';

test('fires timers in order of their due time and moves both clocks', async () => {
  const clock = new FakeClock(1000);
  const fired: string[] = [];
  clock.setTimer(20, () => fired.push('late'));
  clock.setTimer(10, () => {
    fired.push('early');
    clock.setTimer(5, () => fired.push('nested'));
  });
  clock.setTimer(15, () => fired.push('cancelled')).cancel();
  await clock.advance(4);
  expect(clock.untilDueMs).toBe(6);
  await clock.advance(16);
  expect(clock.untilDueMs).toBe(Infinity);
  expect(fired).toEqual(['early', 'nested', 'late']);
  expect([clock.nowMs(), clock.monotonicMs(), clock.pendingTimers]).toEqual([1020, 20, 0]);
});

test('steps the wall clock without touching timers', async () => {
  const clock = new FakeClock(1000);
  let isFired = false;
  clock.setTimer(10, () => (isFired = true));
  clock.stepWall(3_600_000);
  expect([clock.nowMs(), clock.monotonicMs(), isFired]).toEqual([3_601_000, 0, false]);
  await clock.advance(10);
  expect(isFired).toBe(true);
});

test('tells wall time in whole milliseconds, as a machine does', async () => {
  const clock = new FakeClock(1000);
  let firedMs = 0;
  clock.setTimer(0.75, () => (firedMs = clock.nowMs()));
  await clock.advance(1);
  expect([firedMs, clock.nowMs(), clock.monotonicMs()]).toEqual([1000, 1001, 1]);
});

test('ends a sleep when its signal aborts, and leaves no timer', async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const slept = sleep(clock, 1000, controller.signal);
  controller.abort();
  await slept;
  await sleep(clock, 1000, controller.signal);
  expect(clock.pendingTimers).toBe(0);
});

test('sleeps on the system clock', async () => {
  const before = systemClock.monotonicMs();
  await sleep(systemClock, 2);
  expect(systemClock.monotonicMs()).toBeGreaterThan(before);
});
