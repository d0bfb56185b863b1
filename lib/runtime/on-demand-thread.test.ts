import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock, OnDemandThread, Thread } from './index.ts';

let clock: FakeClock;
let created: Thread[];
/** How many threads there still were when each was made. */
let aliveAtCreation: number[];
let onDemand: OnDemandThread;

beforeEach(() => {
  clock = new FakeClock();
  created = [];
  aliveAtCreation = [];
  onDemand = new OnDemandThread({
    clock,
    idleMs: 1000,
    create() {
      const path = new URL('./thread-fixture.ts', import.meta.url);
      const thread = new Thread({ name: 'fixture', entry: { kind: 'file', path } });
      aliveAtCreation.push(created.filter(({ isAlive }) => isAlive).length);
      created.push(thread);
      return thread;
    },
    onHung(error) {
      throw error;
    },
  });
});

afterEach(async () => {
  await onDemand.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('starts with the first call, ends when idle, starts again', async () => {
  expect(created).toHaveLength(0);
  expect(await onDemand.call('echo', 1)).toBe(1);
  await clock.advance(999);
  expect(await onDemand.call('echo', 2)).toBe(2);
  expect(created).toHaveLength(1);
  await clock.advance(1000);
  expect(await onDemand.call('echo', 3)).toBe(3);
  expect(created).toHaveLength(2);
});

test('has no second thread while the one before ends', async () => {
  await onDemand.call('echo', 1);
  await clock.advance(1000);
  expect(await Promise.all([onDemand.call('echo', 2), onDemand.call('echo', 3)])).toEqual([2, 3]);
  expect(aliveAtCreation).toEqual([0, 0]);
});

test('lets a call that waits for an end go when it is stopped', async () => {
  await onDemand.call('echo', 1);
  await clock.advance(1000);
  const waiting = expect(onDemand.call('echo', 2)).rejects.toMatchObject({
    code: 'THREAD_CANCELLED',
  });
  await onDemand.stop();
  await waiting;
  expect(created).toHaveLength(1);
});

test('replaces a thread that crashed', async () => {
  await expect(onDemand.call('crash', null)).rejects.toMatchObject({ code: 'THREAD_CRASHED' });
  expect(await onDemand.call('echo', 4)).toBe(4);
  expect(created).toHaveLength(2);
});

test('takes no calls after it was stopped', async () => {
  await onDemand.stop();
  await expect(onDemand.call('echo', 1)).rejects.toMatchObject({ code: 'THREAD_CANCELLED' });
  expect(created).toHaveLength(0);
});
