import { expect, test } from '@jest/globals';
import { endsWithin, FakeClock } from './index.ts';

test('tells whether work has ended in time, and leaves no timer', async () => {
  const clock = new FakeClock();
  const work = Promise.withResolvers<string>();
  const inTime = endsWithin(clock, 10, work.promise);
  await clock.advance(9);
  work.resolve('done');
  expect([await inTime, clock.pendingTimers]).toEqual([true, 0]);
});

test('leaves work to itself that goes on, also when it fails later', async () => {
  const clock = new FakeClock();
  const work = Promise.withResolvers<string>();
  const tooLong = endsWithin(clock, 10, work.promise);
  await clock.advance(10);
  expect([await tooLong, clock.pendingTimers]).toEqual([false, 0]);
  work.reject(new Error('nobody waits'));
  await clock.advance(1);
});

test('rejects as the work does, and leaves no timer', async () => {
  const clock = new FakeClock();
  const failed = endsWithin(clock, 10, Promise.reject(new Error('broken')));
  await expect(failed).rejects.toThrow('broken');
  expect(clock.pendingTimers).toBe(0);
});
