import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { failingFiles, type FailPlan } from './failing-files-fixture.ts';
import { maxSeriesPerRecord } from './limits.ts';
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
import type { StoreThread } from './types.ts';

/** Commits one sample for each of `names`, and notes it. */
async function commit(store: Store, at: number, names: string[], want: Contents): Promise<void> {
  const batch = store.newBatch();
  for (const name of names) {
    const [lo, hi] = at % 7 === 3 ? [staleLo, staleHi] : bitsOf(at / 3);
    batch.push(store.seriesRef(labelsOf(name)), lo, hi, start + at * 1000);
    addSample(want, labelsOf(name), start + at * 1000, lo, hi);
  }
  await store.commit(batch);
}

/** Leaves a store with series of which it has no sample, and with a WAL in doubt; the disk is well again. */
async function nameOnly(store: Store, disk: FailPlan): Promise<string[]> {
  const names = Array.from({ length: maxSeriesPerRecord + 2 }, (_, at) => `s${String(at)}`);
  // The disk takes the first record of series and nothing behind it.
  disk.writesLeft = 1;
  const refused = commit(store, 0, names, new Map());
  await expect(refused).rejects.toMatchObject({ code: 'TSDB_DISK_FULL' });
  disk.sync = true;
  await expect(store.flush()).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
  Object.assign(disk, { sync: false, writesLeft: Infinity });
  return names;
}

const problems = (store: Store) => store.problems().map(({ code }) => code);

describe('a WAL that the disk has refused to sync', () => {
  test('is written anew from memory, and is not called safe before', () =>
    withBench(async ({ open, clock, dir, options }) => {
      const { openWalFile, disk } = failingFiles();
      const store = await open({ openWalFile });
      await clock.advance(1_000_000);
      const want: Contents = new Map();
      // Enough for closed chunks, many records, and a series that is there without a sample.
      for (let at = 0; at < 300; at++) await commit(store, at, ['a', 'b', 'c'], want);
      const idle = store.seriesRef(labelsOf('idle'));
      disk.sync = true;
      await expect(store.flush()).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
      disk.sync = false;
      // The kernel says that all is well now. It may have dropped what it could not write.
      await expect(store.flush()).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
      expect(problems(store)).toEqual(['TSDB_WAL_IO']);
      await commit(store, 300, ['a', 'b'], want);
      await store.maintain();
      await store.flush();
      expect(store.problems()).toEqual([]);
      expect(readdirSync(join(dir, 'wal')).sort()).toEqual(['00000001', 'checkpoint.00000000']);
      // Series are known by the references that they have.
      expect(store.isLive(idle)).toBe(true);
      await commit(store, 301, ['a', 'c', 'idle', 'new'], want);
      await store.flush();
      const copy = `${dir}-copy`;
      cpSync(dir, copy, { recursive: true });
      rmSync(join(copy, 'lock'));
      for (let life = 0; life < 2; life++) {
        const again = await open({ ...options, dir: copy });
        expect([again.problems(), again.lostRanges()]).toEqual([[], []]);
        expect(sorted(await contentsOf(again))).toEqual(sorted(want));
        await again.close();
      }
    }));

  test('names series anew of which it has no sample yet', () =>
    withBench(async ({ open }) => {
      const { openWalFile, disk } = failingFiles();
      const store = await open({ openWalFile });
      const names = await nameOnly(store, disk);
      await store.maintain();
      const want: Contents = new Map();
      await commit(store, 1, ['s0', 's7', names.at(-1)!], want);
      await store.flush();
      expect(store.problems()).toEqual([]);
      await store.close();
      const again = await open();
      expect([again.problems(), again.lostRanges()]).toEqual([[], []]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));

  test('names series anew in front of samples that come while it is written', () =>
    withBench(async ({ open, options }) => {
      const { openWalFile, disk } = failingFiles();
      const want: Contents = new Map();
      const thread: StoreThread = {
        async call(method, payload, more) {
          if (method === 'tsdb.writeHeadCheckpoint') await commit(store, 1, ['s0', 's7'], want);
          return options.thread.call(method, payload, more);
        },
      };
      const store = await open({ openWalFile, thread });
      await nameOnly(store, disk);
      await store.maintain();
      await store.close();
      const again = await open();
      expect([again.problems(), again.lostRanges()]).toEqual([[], []]);
      expect(want.size).toBe(2);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));

  test('stays a problem as long as it cannot be written anew, which is tried less and less', () =>
    withBench(async ({ open, clock, options }) => {
      const { openWalFile, disk } = failingFiles();
      let tries = 0;
      const thread: StoreThread = {
        async call(method, payload, more) {
          if (method !== 'tsdb.writeHeadCheckpoint')
            return options.thread.call(method, payload, more);
          if (++tries < 4) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
          return options.thread.call(method, payload, more);
        },
      };
      const store = await open({ openWalFile, thread });
      const want: Contents = new Map();
      await commit(store, 0, ['a'], want);
      disk.sync = true;
      await expect(store.flush()).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
      disk.sync = false;
      const startMs = clock.monotonicMs();
      for (let at = 1; tries < 4; at++) {
        await commit(store, at, ['a'], want);
        await store.maintain();
        if (tries < 4) expect(problems(store)).toContain('TSDB_WAL_IO');
        await clock.advance(1000);
      }
      expect(clock.monotonicMs() - startMs).toBeGreaterThan(10_000 + 20_000 + 40_000);
      await store.flush();
      expect(store.problems()).toEqual([]);
      await store.close();
      const again = await open();
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));

  test('stays a problem no longer than until what it stands in for is removed, too', () =>
    withBench(async ({ open, clock, dir }) => {
      const { openWalFile, disk } = failingFiles();
      const store = await open({ openWalFile });
      const want: Contents = new Map();
      await commit(store, 0, ['a'], want);
      disk.sync = true;
      await expect(store.flush()).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
      disk.sync = false;
      // In the place of the old segment lies what does not go as a file does.
      const old = join(dir, 'wal', '00000000');
      rmSync(old);
      mkdirSync(old);
      await store.maintain();
      const reason = expect.stringContaining('is a directory') as unknown;
      expect(store.problems().at(-1)).toMatchObject({ code: 'TSDB_WAL_IO', reason });
      rmSync(old, { recursive: true });
      await clock.advance(10_000);
      await store.maintain();
      await store.flush();
      expect(store.problems()).toEqual([]);
      await store.close();
      const again = await open();
      expect([again.problems(), again.lostRanges()]).toEqual([[], []]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));
});

/** Changes a byte of the first segment. */
function spoil(dir: string): void {
  const path = join(dir, 'wal', '00000000');
  const bytes = readFileSync(path);
  bytes[100]! ^= 0xff;
  writeFileSync(path, bytes);
}

describe('a segment that has gone bad under a running store', () => {
  test('costs nothing: memory has it', () =>
    withBench(async ({ open, clock, dir }) => {
      const store = await open({ blockRangeMs: 60_000, limits: { walSegmentBytes: 4096 } });
      await clock.advance(1_000_000);
      const want: Contents = new Map();
      for (let at = 0; at < 80; at++) await commit(store, at, ['a', 'b'], want);
      spoil(dir);
      for (let at = 80; at < 120; at++) await commit(store, at, ['a', 'b'], want);
      await store.maintain();
      await clock.advance(60_000);
      await store.maintain();
      await store.flush();
      expect(store.problems()).toEqual([]);
      expect(store.blocks()).toHaveLength(1);
      await store.close();
      const again = await open();
      expect([again.problems(), again.lostRanges()]).toEqual([[], []]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));

  test('costs nothing when all of it is in blocks', () =>
    withBench(async ({ open, clock, dir }) => {
      const store = await open();
      const early = store.seriesRef(labelsOf('early'));
      const want: Contents = new Map();
      for (let at = 0; at < 80; at++) await commit(store, at, ['a'], want);
      spoil(dir);
      await expect(store.cutRest()).rejects.toMatchObject({ code: 'TSDB_WAL_CORRUPT' });
      expect([store.stats().headSamples, store.isLive(early)]).toEqual([0, false]);
      await clock.advance(60_000);
      await store.maintain();
      await store.flush();
      expect(store.problems()).toEqual([]);
      await clock.advance(7_200_000);
      await commit(store, 7_200, ['early', 'a'], want);
      await store.close();
      const again = await open();
      expect(again.problems()).toEqual([]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));
});
