import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { labelsFrom } from '../labels.ts';
import type { Store } from './store.ts';
import {
  addSample,
  benchStartMs as start,
  bitsOf,
  contentsOf,
  labelsOf,
  sorted,
  staleHi,
  staleLo,
  withBench,
  type Contents,
} from './store-fixture.ts';
import type { CommitResult } from './types.ts';

const hourMs = 3_600_000;

/** Commits one sample. */
async function put(store: Store, name: string, timeMs: number, value = 1): Promise<CommitResult> {
  const batch = store.newBatch();
  batch.push(store.seriesRef(labelsOf(name)), ...bitsOf(value), timeMs);
  return store.commit(batch);
}

describe('a series like a known one', () => {
  test('is made, found and logged as any other', () =>
    withBench(async ({ open }) => {
      let store = await open({ limits: { maxSeries: 3 } });
      const ref = store.seriesRef(['__name__', 'a', 'x', '1', 'y', '1']);
      const variant = store.variantRef(ref, 'x', '2')!;
      expect(store.seriesRef(['__name__', 'a', 'x', '2', 'y', '1'])).toBe(variant);
      expect(store.variantRef(variant, 'x', '1')).toBe(ref);
      expect(store.variantRef(ref, 'z', '1')).toBeUndefined();
      expect(store.variantRef(ref, 'x', '')).toBeUndefined();
      expect(store.variantRef(12345, 'x', '2')).toBeUndefined();
      expect(store.seriesCount).toBe(2);
      const third = store.variantRef(ref, '__name__', 'b')!;
      expect(store.variantRef(ref, 'x', 'too many')).toBeUndefined();
      expect(store.variantRef(third, '__name__', 'a')).toBe(ref);
      const batch = store.newBatch();
      for (const one of [ref, variant, third]) batch.push(one, ...bitsOf(1), start);
      await store.commit(batch);
      await store.close();
      store = await open();
      expect(store.findSeries(['__name__', 'a', 'x', '2', 'y', '1'])).toBe(variant);
      expect(store.findSeries(['__name__', 'b', 'x', '1', 'y', '1'])).toBe(third);
    }));
});

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

  test('knows the largest metrics and labels', () =>
    withBench(async ({ open }) => {
      const store = await open();
      for (const [name, code] of ['a:1', 'b:1', 'b:2', 'b:3'].map((text) => text.split(':'))) {
        store.seriesRef(['__name__', name!, 'code', code!]);
      }
      store.seriesRef(['__name__', 'a']);
      expect(store.seriesCount).toBe(5);
      expect(store.topMetrics(1)).toEqual([{ name: 'b', series: 3 }]);
      expect(store.topLabels(9)).toEqual([
        { name: '__name__', series: 5, values: 2 },
        { name: 'code', series: 4, values: 3 },
      ]);
      expect(store.findSeries(['__name__', 'a'])).toBe(store.seriesRef(['__name__', 'a']));
      expect(store.findSeries(['__name__', 'c'])).toBeUndefined();
      expect(store.maxSeries).toBe(500_000);
    }));

  test('knows the values of a label, of series that had samples lately', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      const put = async (name: string, host: string, atMs: number) => {
        const batch = store.newBatch();
        batch.push(store.seriesRef(['__name__', name, 'host', host]), ...bitsOf(1), atMs);
        await store.commit(batch);
      };
      await put('a', 'old', start);
      await put('b', 'old', start);
      await clock.advance(1000);
      await put('a', 'new', start + 1000);
      store.seriesRef(['__name__', 'a', 'host', 'never']);
      expect(store.labelValues('host', 0).sort()).toEqual(['new', 'old']);
      expect(store.labelValues('host', start + 1)).toEqual(['new']);
      expect(store.labelValues('host', start + 1001)).toEqual([]);
      expect(store.labelValues('other', 0)).toEqual([]);
      await put('b', 'old', start + 1000);
      expect(store.labelValues('host', start + 1).sort()).toEqual(['new', 'old']);
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

describe('seriesRef', () => {
  test('gives one reference per label set', () =>
    withBench(async ({ open }) => {
      const store = await open();
      const ref = store.seriesRef(labelsOf('a', { x: '1' }));
      expect(store.seriesRef(labelsOf('a', { x: '1' }))).toBe(ref);
      expect(store.seriesRef(labelsOf('a', { x: '2' }))).not.toBe(ref);
      expect(store.seriesRef(labelsOf('a'))).not.toBe(ref);
    }));

  test('gives good references while the columns grow', () =>
    withBench(async ({ open }) => {
      const store = await open();
      const refs = Array.from({ length: 5000 }, (_, at) =>
        store.seriesRef(labelsOf(`m${String(at)}`)),
      );
      expect(new Set(refs).size).toBe(5000);
      expect(refs.every((ref) => store.isLive(ref))).toBe(true);
      expect(refs[4321]).toBe(store.seriesRef(labelsOf('m4321')));
    }));

  test('refuses a series beyond the limit and goes on with known ones', () =>
    withBench(async ({ open }) => {
      const store = await open({ limits: { maxSeries: 2 } });
      const ref = store.seriesRef(labelsOf('a'));
      store.seriesRef(labelsOf('b'));
      expect(() => store.seriesRef(labelsOf('c'))).toThrow(
        expect.objectContaining({ code: 'TSDB_SERIES_LIMIT' }),
      );
      expect(store.seriesRef(labelsOf('a'))).toBe(ref);
    }));

  test.each([
    ['no labels', []],
    ['half a pair', ['a']],
    ['empty value', ['a', '']],
    ['wrong order', ['b', '1', 'a', '1']],
    ['one name twice', ['a', '1', 'a', '2']],
  ])('refuses %s', (_name, labels) =>
    withBench(async ({ open }) => {
      const store = await open();
      expect(() => store.seriesRef(labels)).toThrow(
        expect.objectContaining({ code: 'TSDB_BAD_LABELS' }),
      );
    }),
  );
});

describe('cut', () => {
  /** One sample of `a` per minute in `[from, to)`. */
  async function fill(store: Store, from: number, to: number, want: Contents): Promise<void> {
    for (let timeMs = from; timeMs < to; timeMs += 60_000) {
      await put(store, 'a', timeMs, timeMs % 7919);
      addSample(want, labelsOf('a'), timeMs, ...bitsOf(timeMs % 7919));
    }
  }

  test('turns the oldest two hours into a block and forgets them', () =>
    withBench(async ({ open, clock, dir }) => {
      const cut: string[] = [];
      const store = await open({ onBlockCut: (block) => cut.push(block.ulid) });
      const want: Contents = new Map();
      await clock.advance(4 * hourMs);
      await fill(store, start + 5 * 60_000, start + 3 * hourMs + 6 * 60_000, want);
      expect(store.blocks()).toEqual([]);
      await fill(store, start + 3 * hourMs + 6 * 60_000, start + 3 * hourMs + 10 * 60_000, want);
      await store.maintain();
      const [block] = store.blocks();
      expect(block).toMatchObject({
        mint: start + 5 * 60_000,
        maxt: start + 2 * hourMs - 60_000 + 1,
        numSeries: 1,
        numSamples: 115,
        sources: [block!.ulid],
      });
      expect(cut).toEqual([block!.ulid]);
      expect(store.stats()).toMatchObject({ headMinMs: start + 2 * hourMs, headSamples: 70 });
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
      expect(readdirSync(join(dir, 'wal'))).toEqual(['00000001', 'checkpoint.00000000']);
      await store.close();
      const again = await open();
      expect(again.problems()).toEqual([]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
      expect(again.stats().headSamples).toBe(70);
      // What the block covers is not taken again.
      expect(await put(again, 'z', start + 2 * hourMs - 60_000)).toMatchObject({ tooOld: 1 });
    }));

  test('starts by itself after a commit', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await clock.advance(4 * hourMs);
      await put(store, 'a', start);
      await put(store, 'a', start + 3 * hourMs + 1);
      await clock.advance(1);
      await store.maintain();
      expect(store.blocks()).toHaveLength(1);
    }));

  test('forgets series without samples, whose references then are dead for ever', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await clock.advance(20 * hourMs);
      await put(store, 'gone', start);
      const ref = store.seriesRef(labelsOf('gone'));
      const seen = new Set([ref]);
      for (let hour = 0; hour < 16; hour++) {
        await put(store, 'a', start + hour * hourMs);
        await store.maintain();
      }
      expect(store.isLive(ref)).toBe(false);
      expect(store.stats().headSeries).toBe(1);
      const batch = store.newBatch();
      batch.push(ref, 0, 0, start + 16 * hourMs);
      await expect(store.commit(batch)).rejects.toMatchObject({ code: 'TSDB_UNKNOWN_SERIES' });
      for (let index = 0; index < 10; index++) {
        const next = store.seriesRef(labelsOf(`new${String(index)}`));
        expect(seen.has(next)).toBe(false);
        seen.add(next);
      }
    }));

  test('keeps a series that waits for its first sample during a cut', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await clock.advance(4 * hourMs);
      await put(store, 'a', start);
      await put(store, 'a', start + 3 * hourMs + 1);
      const ref = store.seriesRef(labelsOf('fresh'));
      await store.maintain();
      expect(store.isLive(ref)).toBe(true);
    }));

  test('leaves everything as it was when it fails, and tries again later', () =>
    withBench(async ({ open, clock, options }) => {
      let isBroken = true;
      const thread = {
        call: (...args: Parameters<typeof options.thread.call>) =>
          isBroken ? Promise.reject(new Error('worker is gone')) : options.thread.call(...args),
      };
      const store = await open({ thread });
      await clock.advance(4 * hourMs);
      await put(store, 'a', start);
      await put(store, 'a', start + 3 * hourMs + 1);
      await store.maintain();
      expect(store.blocks()).toEqual([]);
      expect(store.stats().headSamples).toBe(2);
      expect(store.problems()).toMatchObject([{ code: 'TSDB_CUT_FAILED' }]);
      isBroken = false;
      await store.maintain();
      expect(store.blocks()).toEqual([]);
      await clock.advance(61_000);
      await store.maintain();
      expect(store.blocks()).toHaveLength(1);
      expect(store.problems()).toEqual([]);
    }));
});

describe('snapshotHead', () => {
  test('takes exactly the asked range and changes nothing', () =>
    withBench(async ({ open, dir }) => {
      const store = await open();
      for (let at = 0; at < 300; at++) await put(store, 'a', start + at * 1000, at);
      const before = store.stats();
      const parentDir = join(dir, '..', 'snapshots');
      mkdirSync(parentDir);
      const request = { mint: start + 50_000, maxt: start + 250_000, parentDir };
      const snapshot = await store.snapshotHead(request);
      expect(snapshot).toMatchObject({
        mint: start + 50_000,
        maxt: start + 249_001,
        numSamples: 200,
      });
      expect(existsSync(join(parentDir, snapshot!.ulid, 'meta.json'))).toBe(true);
      expect(store.stats()).toEqual(before);
      expect(await store.snapshotHead({ mint: start + 300_000, parentDir })).toBeUndefined();
      expect(readdirSync(parentDir)).toEqual([snapshot!.ulid]);
    }));
});

describe('open and close', () => {
  test('makes the directory for the owner and the group only', () =>
    withBench(async ({ open, dir }) => {
      await open();
      expect(statSync(dir).mode & 0o777).toBe(0o750);
    }));

  test('refuses a second store over one directory and frees it when closed', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await expect(open()).rejects.toMatchObject({ code: 'TSDB_LOCKED', pid: process.pid });
      await store.close();
      await store.close();
      const again = await open();
      await again.flush();
      await again.close();
      expect(clock.pendingTimers).toBe(0);
      await expect(again.commit(again.newBatch())).rejects.toMatchObject({ code: 'TSDB_CLOSED' });
    }));

  test.each([
    ['a dead process', JSON.stringify({ pid: 2 ** 22 + 1, startTicks: '1' })],
    ['an earlier process of this number', JSON.stringify({ pid: process.pid, startTicks: '1' })],
    ['Prometheus', ''],
    ['nobody we know', 'garbage'],
  ])('takes over the lock of %s', (_name, text) =>
    withBench(async ({ open, dir }) => {
      mkdirSync(dir);
      writeFileSync(join(dir, 'lock'), text);
      await open();
    }),
  );

  test('removes what unfinished work has left and tells what it was', () =>
    withBench(async ({ open, dir }) => {
      const block = '01HE949VD3YTRWF8GXT2TC97KJ.tmp-for-creation';
      mkdirSync(join(dir, block), { recursive: true });
      mkdirSync(join(dir, 'wal', 'checkpoint.00000003.tmp'), { recursive: true });
      const swept: string[] = [];
      await open({ onSwept: (names) => swept.push(...names) });
      expect(swept).toEqual([block]);
      expect(readdirSync(dir).sort()).toEqual(['lock', 'wal']);
      expect(readdirSync(join(dir, 'wal'))).toEqual(['00000000']);
    }));

  test('tells of a block that cannot be read and leaves it there', () =>
    withBench(async ({ open, dir }) => {
      const ulid = '01HE949VD3YTRWF8GXT2TC97KJ';
      mkdirSync(join(dir, ulid), { recursive: true });
      writeFileSync(join(dir, ulid, 'meta.json'), '{"version":1');
      const store = await open();
      expect(store.problems()).toMatchObject([{ code: 'TSDB_BAD_BLOCK' }]);
      expect(store.problems()[0]!.message).toContain(ulid);
      expect(store.blocks()).toEqual([]);
      expect(existsSync(join(dir, ulid))).toBe(true);
    }));

  test('deletes a block by its name only', () =>
    withBench(async ({ open, clock, dir }) => {
      const store = await open();
      await clock.advance(4 * hourMs);
      await put(store, 'a', start);
      await put(store, 'a', start + 3 * hourMs + 1);
      await store.maintain();
      const { ulid } = store.blocks()[0]!;
      await store.deleteBlock(ulid);
      expect(readdirSync(dir).sort()).toEqual(['lock', 'wal']);
      await expect(store.deleteBlock(ulid)).rejects.toMatchObject({ code: 'TSDB_NO_BLOCK' });
      // The range stays closed: its samples went with the block.
      expect(await put(store, 'b', start)).toMatchObject({ tooOld: 1 });
    }));

  test('orders labels of every script as bytes', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await clock.advance(1000);
      const want: Contents = new Map();
      for (const value of ['\u{1f600}', '\uffff', 'é', 'z', '\ue000']) {
        const labels = labelsFrom([
          ['__name__', 'm'],
          ['v', value],
        ]);
        const batch = store.newBatch();
        batch.push(store.seriesRef(labels), ...bitsOf(1), start);
        await store.commit(batch);
        addSample(want, labels, start, ...bitsOf(1));
      }
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
    }));
});
