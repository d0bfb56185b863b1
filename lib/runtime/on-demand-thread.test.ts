import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock, OnDemandThread, Thread } from './index.ts';

let clock: FakeClock;
let created: Thread[];
let onDemand: OnDemandThread;

beforeEach(() => {
  clock = new FakeClock();
  created = [];
  onDemand = new OnDemandThread({
    clock,
    idleMs: 1000,
    create() {
      const path = new URL('./thread-fixture.ts', import.meta.url);
      const thread = new Thread({ name: 'fixture', entry: { kind: 'file', path } });
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
