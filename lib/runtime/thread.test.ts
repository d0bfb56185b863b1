import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { Thread } from './index.ts';

let thread: Thread;

const entry = { kind: 'file', path: new URL('./thread-fixture.ts', import.meta.url) } as const;

beforeEach(() => {
  thread = new Thread({ name: 'fixture', entry });
});

afterEach(async () => {
  await thread.stop();
});

test('calls a method and moves buffers both ways', async () => {
  const column = Float64Array.of(1, 2, 3);
  const seen: unknown[] = [];
  const result = await thread.call(
    'double',
    { column },
    { transfer: [column.buffer], onProgress: (progress) => seen.push(progress) },
  );
  expect(result).toEqual(Float64Array.of(2, 4, 6));
  expect(seen).toEqual([50]);
  expect(column.length).toBe(0);
});

test('keeps the code and the details of an error and answers later calls', async () => {
  const full = { code: 'TSDB_DISK_FULL', details: { free: 0 } };
  await expect(thread.call('fail', null)).rejects.toMatchObject(full);
  // What cannot be cloned stays behind; the thread does not end of it.
  const odd = { code: 'ODD', message: 'no clone', details: undefined };
  await expect(thread.call('failOddly', null)).rejects.toMatchObject(odd);
  await expect(thread.call('nothing', null)).rejects.toMatchObject({ code: 'THREAD_NO_METHOD' });
  expect(await thread.call('echo', 7)).toBe(7);
});

test('cancels a handler that is in a synchronous loop', async () => {
  const controller = new AbortController();
  const call = thread.call('spin', null, { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: 'THREAD_CANCELLED' });
  const late = thread.call('echo', 1, { signal: controller.signal });
  await expect(late).rejects.toMatchObject({ code: 'THREAD_CANCELLED' });
});

test('rejects every pending call when the thread dies, and all later ones', async () => {
  await expect(thread.call('crash', null)).rejects.toMatchObject({ code: 'THREAD_CRASHED' });
  await expect(thread.call('echo', 1)).rejects.toMatchObject({ code: 'THREAD_CRASHED' });
  expect(thread.isAlive).toBe(false);
});

test('gives its thread a young space of its own, whatever the process was started with', async () => {
  const size = async (maxYoungSpaceMb: number) => {
    setFlagsFromString('--max-semi-space-size=4');
    const own = new Thread({ name: 'own', entry, maxYoungSpaceMb });
    try {
      return (await own.call('churn', {})) as number;
    } finally {
      await own.stop();
    }
  };
  expect(await size(3)).toBeLessThan(2.5e6);
  expect(await size(12)).toBeGreaterThan(2.5e6);
});
