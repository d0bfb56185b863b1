import { expect, test } from '@jest/globals';
import type { Store } from './store.ts';
import {
  benchStartMs as start,
  bitsOf,
  contentsOf,
  labelsOf,
  sorted,
  withBench,
} from './store-fixture.ts';
import { inlineThread } from './worker-handlers.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** Commits one sample of each of five series. */
async function put(store: Store, timeMs: number): Promise<void> {
  const batch = store.newBatch();
  for (let at = 0; at < 5; at++) {
    batch.push(store.seriesRef(labelsOf('m', { at: String(at) })), ...bitsOf(timeMs + at), timeMs);
  }
  await store.commit(batch);
}

test('turns the whole head into blocks with the times of their samples, and truncates the WAL', () =>
  withBench(async ({ open, clock }) => {
    const store = await open();
    await clock.advance(3 * hourMs);
    for (let minute = 30; minute <= 150; minute += 10) await put(store, start + minute * minuteMs);
    const before = sorted(await contentsOf(store));
    await store.cutRest();
    expect(store.blocks().map(({ mint, maxt }) => [mint - start, maxt - start])).toEqual([
      [30 * minuteMs, 110 * minuteMs + 1],
      [120 * minuteMs, 150 * minuteMs + 1],
    ]);
    expect(store.stats()).toMatchObject({ headSeries: 0, headSamples: 0, headMinMs: undefined });
    expect(sorted(await contentsOf(store))).toEqual(before);
    await store.cutRest();
    expect(store.blocks()).toHaveLength(2);
    await store.close();
    const again = await open();
    expect(again.stats()).toMatchObject({ headSeries: 0, headSamples: 0 });
    expect(sorted(await contentsOf(again))).toEqual(before);
  }));

test('goes on in the very range that was cut, and takes nothing older', () =>
  withBench(async ({ open, clock }) => {
    const store = await open();
    await clock.advance(hourMs);
    await put(store, start + 10 * minuteMs);
    await store.cutRest();
    const batch = store.newBatch();
    const ref = store.seriesRef(labelsOf('m', { at: '0' }));
    batch.push(ref, ...bitsOf(1), start + 9 * minuteMs);
    batch.push(ref, ...bitsOf(2), start + 11 * minuteMs);
    expect(await store.commit(batch)).toMatchObject({ tooOld: 1, appended: 1 });
    await clock.advance(10 * hourMs);
    await put(store, start + 6 * hourMs);
    await store.maintain();
    const contents = sorted(await contentsOf(store));
    expect(contents).toHaveLength(11);
    await store.close();
    expect(sorted(await contentsOf(await open()))).toEqual(contents);
  }));

test('lets commits wait that come while it works', () =>
  withBench(async ({ open, clock }) => {
    const inline = inlineThread();
    let late: Promise<unknown> | undefined;
    const store = await open({
      thread: {
        call: async (method, payload, options) => {
          // Same range as what is being cut: were it not to wait, it would be forgotten with it.
          late ??= put(store, start + 20 * minuteMs).catch((error: unknown) => error);
          return inline.call(method, payload, options);
        },
      },
    });
    await clock.advance(hourMs);
    await put(store, start + 10 * minuteMs);
    await store.cutRest();
    expect(await late).toMatchObject({ code: 'TSDB_UNKNOWN_SERIES' });
    await put(store, start + 20 * minuteMs);
    expect(sorted(await contentsOf(store))).toHaveLength(10);
  }));

test('ends at an abort with everything still there', () =>
  withBench(async ({ open, clock }) => {
    const store = await open();
    await clock.advance(hourMs);
    await put(store, start + 10 * minuteMs);
    const before = sorted(await contentsOf(store));
    const abort = new AbortController();
    const cut = store.cutRest(abort.signal);
    abort.abort();
    await expect(cut).rejects.toThrow();
    expect(store.blocks()).toHaveLength(0);
    expect(store.problems()).toEqual([]);
    expect(sorted(await contentsOf(store))).toEqual(before);
    await put(store, start + 11 * minuteMs);
    expect(sorted(await contentsOf(store))).toHaveLength(10);
  }));

test('loses and doubles nothing when the process ends at any step', () =>
  withBench(async ({ open, clock }) => {
    await clock.advance(4 * hourMs);
    let failAt = 0;
    for (; ; failAt++) {
      const store = await open({ thread: dyingThread(failAt) });
      await put(store, start + 3 * hourMs + failAt * minuteMs);
      await put(store, start + 100 * minuteMs + failAt * 1000).catch(() => undefined);
      const want = sorted(await contentsOf(store));
      const isDone = await store.cutRest().then(
        () => true,
        () => false,
      );
      // No flush, no end in order: the next store finds what is on the disk.
      await store.close();
      const again = await open();
      expect(sorted(await contentsOf(again))).toEqual(want);
      await again.close();
      if (isDone) break;
      expect(failAt).toBeLessThan(10);
    }
    expect(failAt).toBeGreaterThanOrEqual(2);
  }));

test('truncates the WAL later when that failed, without what came in since', () =>
  withBench(async ({ open, clock }) => {
    const inline = inlineThread();
    let isBroken = true;
    const store = await open({
      thread: {
        call: (method, payload, options) =>
          isBroken && method === 'tsdb.writeCheckpoint'
            ? Promise.reject(new Error('disk'))
            : inline.call(method, payload, options),
      },
    });
    await clock.advance(hourMs);
    await put(store, start + 10 * minuteMs);
    await expect(store.cutRest()).rejects.toThrow('disk');
    expect(store.problems()).toMatchObject([{ code: 'TSDB_CUT_FAILED' }]);
    await put(store, start + 20 * minuteMs);
    isBroken = false;
    await clock.advance(10 * minuteMs);
    await store.maintain();
    expect(store.problems()).toEqual([]);
    const contents = sorted(await contentsOf(store));
    expect(contents).toHaveLength(10);
    await store.close();
    expect(sorted(await contentsOf(await open()))).toEqual(contents);
  }));

/** A thread whose process ends before the call with this number. */
function dyingThread(failAt: number) {
  const inline = inlineThread();
  let calls = 0;
  return {
    call: (method: string, payload: unknown, options?: Parameters<typeof inline.call>[2]) => {
      // Snapshots are how the test looks inside.
      const isSnapshot = method === 'tsdb.writeHeadBlock' && !isOwn(payload);
      if (isSnapshot) return inline.call(method, payload, options);
      if (calls++ >= failAt) return Promise.reject(new Error('the process ended'));
      return inline.call(method, payload, options);
    },
  };
}

function isOwn(payload: unknown): boolean {
  return (payload as { parentDir: string }).parentDir.endsWith('/data');
}
