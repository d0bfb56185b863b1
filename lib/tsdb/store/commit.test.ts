import { describe, expect, test } from '@jest/globals';
import {
  addSample,
  benchStartMs as start,
  bitsOf,
  contentsOf,
  labelsOf,
  putSample as put,
  sorted,
  staleHi,
  staleLo,
  withBench,
  type Contents,
} from './store-fixture.ts';

const hourMs = 3_600_000;

describe('commit', () => {
  test('counts what it does not take', () =>
    withBench(async ({ open, clock }) => {
      await clock.advance(3 * hourMs);
      const store = await open();
      const now = start + 3 * hourMs;
      const counts = { appended: 0, outOfOrder: 0, duplicates: 0, tooOld: 0, tooNew: 0 };
      expect(await put(store, 'a', now)).toEqual({ ...counts, appended: 1 });
      expect(await put(store, 'a', now)).toEqual({ ...counts, appended: 1 });
      expect(await put(store, 'a', now, 2)).toEqual({ ...counts, duplicates: 1 });
      expect(await put(store, 'a', now - 1)).toEqual({ ...counts, outOfOrder: 1 });
      expect(await put(store, 'b', now - hourMs)).toEqual({ ...counts, appended: 1 });
      expect(await put(store, 'c', now - hourMs - 1)).toEqual({ ...counts, tooOld: 1 });
      expect(await put(store, 'd', now + 600_001)).toEqual({ ...counts, tooNew: 1 });
      expect(store.stats()).toMatchObject({ headSamples: 2, headMaxMs: now });
    }));

  test('of a very large target gives others a turn, and commits after it wait', () =>
    withBench(async ({ clock, open }) => {
      // Whoever looks at the clock finds that a slice of work is over.
      let timeMs = 0;
      const hurried = {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => (timeMs += 1000),
        setTimer: (delayMs: number, run: () => void) => clock.setTimer(delayMs, run),
      };
      const store = await open({ clock: hurried });
      const large = store.newBatch();
      for (let at = 0; at < 20_000; at++) {
        large.push(store.seriesRef(labelsOf('a', { at: String(at) })), ...bitsOf(at), start);
      }
      const met = new Set<number>();
      let isOver = false;
      const look = () => {
        met.add(store.stats().headSamples);
        if (!isOver) setImmediate(look);
      };
      look();
      const [first, second] = await Promise.all([store.commit(large), put(store, 'b', start)]);
      isOver = true;
      expect([first.appended, second.appended]).toEqual([20_000, 1]);
      expect([...met].filter((samples) => samples > 0 && samples < 20_000)).not.toEqual([]);
      expect((await contentsOf(store)).size).toBe(20_001);
    }));

  test('tells the newest sample of a series', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await put(store, 'a', start, 1);
      expect(store.lastSample(labelsOf('b'))).toBeUndefined();
      store.seriesRef(labelsOf('b'));
      expect(store.lastSample(labelsOf('b'))).toBeUndefined();
      await clock.advance(1000);
      await put(store, 'a', start + 1000, 0.5);
      const [lo, hi] = bitsOf(0.5);
      expect(store.lastSample(labelsOf('a'))).toEqual({ timeMs: start + 1000, lo, hi });
    }));

  test('takes the first of two values of one series in one batch', () =>
    withBench(async ({ open }) => {
      const store = await open();
      const batch = store.newBatch();
      const ref = store.seriesRef(labelsOf('a'));
      batch.push(ref, ...bitsOf(1), start);
      batch.push(ref, ...bitsOf(2), start);
      expect(await store.commit(batch)).toMatchObject({ appended: 1, duplicates: 1 });
      await store.close();
      const again = await open();
      const want: Contents = new Map();
      addSample(want, labelsOf('a'), start, ...bitsOf(1));
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));

  test('keeps the bits of stale markers through WAL, head and block', () =>
    withBench(async ({ open }) => {
      const store = await open();
      const batch = store.newBatch();
      const ref = store.seriesRef(labelsOf('a'));
      batch.push(ref, ...bitsOf(1), start);
      batch.push(ref, staleLo, staleHi, start + 1);
      await store.commit(batch);
      const want: Contents = new Map();
      addSample(want, labelsOf('a'), start, ...bitsOf(1));
      addSample(want, labelsOf('a'), start + 1, staleLo, staleHi);
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
      await store.close();
      expect(sorted(await contentsOf(await open()))).toEqual(sorted(want));
    }));

  test('refuses a reference that it never gave out', () =>
    withBench(async ({ open }) => {
      const store = await open();
      const batch = store.newBatch();
      batch.push(77, 0, 0, start);
      await expect(store.commit(batch)).rejects.toMatchObject({
        code: 'TSDB_UNKNOWN_SERIES',
        ref: 77,
      });
    }));

  test('refuses more waiting commits than its limit', () =>
    withBench(async ({ open }) => {
      const store = await open({ limits: { maxWaitingCommits: 2 } });
      const batch = store.newBatch();
      batch.push(store.seriesRef(labelsOf('a')), 0, 0, start);
      const results = await Promise.allSettled([1, 2, 3].map(() => store.commit(batch)));
      expect(results.map((result) => result.status)).toEqual([
        'fulfilled',
        'fulfilled',
        'rejected',
      ]);
      expect(results[2]).toMatchObject({ reason: { code: 'TSDB_BUSY' } });
    }));
});
