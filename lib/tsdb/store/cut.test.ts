import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openBlock } from '../disk/index.ts';
import type { Store } from './store.ts';
import {
  addSample,
  benchStartMs as start,
  bitsOf,
  contentsOf,
  labelsOf,
  putSample as put,
  sorted,
  withBench,
  type Contents,
} from './store-fixture.ts';

const hourMs = 3_600_000;

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

  test('leaves a sample out that is at its end, and has one at its begin, where a chunk ends with it', () =>
    withBench(async ({ open, dir }) => {
      const store = await open();
      for (let at = 0; at < 300; at++) await put(store, 'a', start + at * 1000, at);
      const parentDir = join(dir, '..', 'snapshots');
      mkdirSync(parentDir);
      const whole = openBlock((await store.snapshotHead({ parentDir }))!.dir);
      const chunkEnds = [...whole.series()].flatMap(({ chunks }) => chunks.map(({ maxt }) => maxt));
      whole.close();
      // Closed ones, and the open one.
      expect(chunkEnds.length).toBeGreaterThan(2);
      expect(chunkEnds.at(-1)).toBe(start + 299_000);
      for (const endMs of chunkEnds) {
        const before = (endMs - start) / 1000;
        const head = await store.snapshotHead({ maxt: endMs, parentDir });
        expect(head).toMatchObject({ numSamples: before, maxt: endMs - 999 });
        const rest = await store.snapshotHead({ mint: endMs, parentDir });
        expect(rest).toMatchObject({ numSamples: 300 - before, mint: endMs });
      }
    }));
});
