import { expect, test } from '@jest/globals';
import { FakeClock } from './fake-clock.ts';
import { Rounds } from './rounds.ts';

test('a round follows the pause after the one before, or a wake', async () => {
  const clock = new FakeClock(0);
  const at: number[] = [];
  const rounds = new Rounds(clock, {
    work: async () => void at.push(clock.monotonicMs()),
    pauseMs: () => 100 * at.length,
  });
  rounds.start();
  rounds.start();
  await clock.advance(99);
  expect(at).toEqual([0]);
  await clock.advance(1);
  await clock.advance(50);
  rounds.wake();
  await clock.advance(0);
  expect(at).toEqual([0, 100, 150]);
  await rounds.stop();
  await clock.advance(10_000);
  expect([at.length, clock.pendingTimers, rounds.isStopped]).toEqual([3, 0, true]);
});

test('a wake during a round is not lost, and a stop waits for the round', async () => {
  const clock = new FakeClock(0);
  const gates: (() => void)[] = [];
  const woken: boolean[] = [];
  const rounds = new Rounds(clock, {
    work: async (wake) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      woken.push(wake.aborted);
    },
    pauseMs: () => 1000,
  });
  rounds.start();
  await clock.advance(0);
  rounds.wake();
  gates[0]?.();
  await clock.advance(0);
  expect([gates.length, woken]).toEqual([2, [true]]);
  let hasStopped = false;
  const stopped = rounds.stop().then(() => (hasStopped = true));
  await clock.advance(5000);
  expect(hasStopped).toBe(false);
  gates[1]?.();
  await stopped;
  expect([gates.length, clock.pendingTimers]).toEqual([2, 0]);
});
