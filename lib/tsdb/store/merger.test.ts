import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ThreadError } from '../../runtime/index.ts';
import { isUlid } from '../ulid.ts';
import type { Store } from './store.ts';
import {
  addSample,
  benchStartMs as start,
  bitsOf,
  contentsOf,
  labelsOf,
  sorted,
  withBench,
  type Contents,
  type StoreBench,
} from './store-fixture.ts';
import type { BlockInfo, StoreOptions, StoreThread } from './types.ts';

const rangeMs = 20_000;
/** Start of a window of nine ranges, so that merges fall where the tests expect them. */
const windowMs = Math.ceil(start / (9 * rangeMs)) * 9 * rangeMs;

interface Filled {
  store: Store;
  want: Contents;
  /** Commits one sample of two series per second, from where the last call ended. */
  fill(ranges: number, maintains?: boolean): Promise<void>;
}

async function filledStore(bench: StoreBench, more: Partial<StoreOptions>): Promise<Filled> {
  const store = await bench.open({ blockRangeMs: rangeMs, ...more });
  const want: Contents = new Map();
  await bench.clock.advance(windowMs - start);
  let timeMs = windowMs;
  return {
    ...{ store, want },
    async fill(ranges, maintains = true) {
      for (const endMs = timeMs + ranges * rangeMs; timeMs < endMs; timeMs += 1000) {
        const batch = store.newBatch();
        for (const name of ['a', 'b']) {
          const [lo, hi] = bitsOf(timeMs % 977);
          batch.push(store.seriesRef(labelsOf(name)), lo, hi, timeMs);
          addSample(want, labelsOf(name), timeMs, lo, hi);
        }
        await store.commit(batch);
        if (maintains) await store.maintain();
        await bench.clock.advance(1000);
      }
    },
  };
}

function levels(store: Store): number[] {
  return store.blocks().map(({ sources }) => sources.length);
}

/** A thread whose merges go through `around`; everything else is done as always. */
function mergingThread(inner: StoreThread, around: (run: () => Promise<unknown>) => unknown) {
  const thread: StoreThread = {
    async call(method, payload, options) {
      const run = () => inner.call(method, payload, options);
      return method === 'tsdb.mergeBlocks' ? await around(run) : await run();
    },
  };
  return { thread };
}

describe('merging', () => {
  test('makes three blocks of three into one, and three of those', () =>
    withBench(async (bench) => {
      const { store, want, fill } = await filledStore(bench, { mayMerge: () => true });
      await fill(4);
      expect(levels(store)).toEqual([1, 1, 1]);
      await fill(1);
      expect(levels(store)).toEqual([3, 1]);
      await fill(7);
      expect(levels(store)).toEqual([9, 1, 1]);
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
      expect(readdirSync(bench.dir).filter(isUlid)).toHaveLength(3);
      expect(store.problems()).toEqual([]);
      await store.close();
      const again = await bench.open({ blockRangeMs: rangeMs });
      expect(levels(again)).toEqual([9, 1, 1]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));

  test('touches no block that must keep its name', () =>
    withBench(async (bench) => {
      const allowed = new Set<string>();
      const mayMerge = ({ ulid }: BlockInfo) => allowed.has(ulid);
      const { store, fill } = await filledStore(bench, { mayMerge });
      await fill(6);
      expect(levels(store)).toEqual([1, 1, 1, 1, 1]);
      for (const { ulid } of store.blocks().slice(1)) allowed.add(ulid);
      await store.maintain();
      expect(levels(store)).toEqual([1, 1, 1, 1, 1]);
      store.mergeWhen(() => true);
      await store.maintain();
      expect(levels(store)).toEqual([3, 1, 1]);
    }));

  test('gives way to a deletion, which does not come in between', () =>
    withBench(async (bench) => {
      const order: string[] = [];
      const inner = bench.options.thread;
      let deleting: Promise<void> | undefined;
      const thread: StoreThread = {
        async call(method, payload, options) {
          order.push(`${method} begins`);
          if (method === 'tsdb.mergeBlocks') {
            deleting ??= store.deleteBlock(store.blocks()[0]!.ulid);
            for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
          }
          try {
            return await inner.call(method, payload, options);
          } finally {
            order.push(`${method} ends`);
          }
        },
      };
      const { store, fill } = await filledStore(bench, { thread });
      await fill(6);
      expect(levels(store)).toEqual([1, 1, 1, 1, 1]);
      store.mergeWhen(() => true);
      order.length = 0;
      await store.maintain();
      expect(deleting).toBeDefined();
      await deleting;
      expect(order).toEqual([
        ...['tsdb.mergeBlocks begins', 'tsdb.mergeBlocks ends'],
        ...['tsdb.deleteBlocks begins', 'tsdb.deleteBlocks ends'],
      ]);
      expect(levels(store)).toEqual([1, 1, 1, 1]);
    }));

  test('that fails leaves the blocks, is told, and is tried again after a pause', () =>
    withBench(async (bench) => {
      let calls = 0;
      let isBroken = true;
      const { thread } = mergingThread(bench.options.thread, (run) => {
        calls++;
        if (isBroken) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        return run();
      });
      const { store, want, fill } = await filledStore(bench, { thread, mayMerge: () => true });
      await fill(5);
      expect(calls).toBe(1);
      expect(levels(store)).toEqual([1, 1, 1, 1]);
      expect(store.problems()).toMatchObject([
        {
          code: 'TSDB_MERGE_FAILED',
          message: 'merging blocks failed and will be tried again: no space',
        },
      ]);
      isBroken = false;
      await bench.clock.advance(60_000);
      await store.maintain();
      expect(levels(store)).toEqual([3, 1]);
      expect(store.problems()).toEqual([]);
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
    }));

  test('waits while it would fill the disk', () =>
    withBench(async (bench) => {
      let free = 1000;
      const freeBytes = () => Promise.resolve(free);
      const { store, fill } = await filledStore(bench, { freeBytes, mayMerge: () => true });
      await fill(5);
      expect(levels(store)).toEqual([1, 1, 1, 1]);
      expect(store.problems()).toEqual([]);
      free = 1e9;
      await store.maintain();
      expect(levels(store)).toEqual([3, 1]);
    }));

  test('leaves a damaged block and its neighbours alone and goes on with others', () =>
    withBench(async (bench) => {
      let mayMerge = false;
      const { store, fill } = await filledStore(bench, { mayMerge: () => mayMerge });
      await fill(8);
      const file = join(store.blocks()[1]!.dir, 'index');
      const bytes = readFileSync(file);
      bytes[8]! ^= 1;
      writeFileSync(file, bytes);
      mayMerge = true;
      await store.maintain();
      expect(levels(store)).toEqual([1, 1, 1, 3, 1]);
      expect(store.problems()).toMatchObject([{ code: 'TSDB_MERGE_FAILED' }]);
      await store.maintain();
      expect(levels(store)).toEqual([1, 1, 1, 3, 1]);
      // Told as long as one of them is there.
      for (let left = 3; left > 0; left--) {
        expect(store.problems()).toMatchObject([{ code: 'TSDB_MERGE_FAILED' }]);
        await store.deleteBlock(store.blocks()[0]!.ulid);
        await store.maintain();
      }
      expect(levels(store)).toEqual([3, 1]);
      expect(store.problems()).toEqual([]);
    }));

  test('gives way to a cut and to a snapshot', () =>
    withBench(async (bench) => {
      const began = Promise.withResolvers<undefined>();
      const merges: string[] = [];
      const thread: StoreThread = {
        async call(method, payload, options) {
          if (method !== 'tsdb.mergeBlocks' || merges.length > 1) {
            return await bench.options.thread.call(method, payload, options);
          }
          merges.push(method);
          began.resolve(undefined);
          await new Promise((resolve) => options?.signal?.addEventListener('abort', resolve));
          throw new ThreadError('THREAD_CANCELLED', 'cancelled by the caller');
        },
      };
      const { store, want, fill } = await filledStore(bench, { thread });
      await fill(5);
      store.mergeWhen(() => true);
      const merging = store.maintain();
      await began.promise;
      const parentDir = join(bench.dir, '..');
      expect(await store.snapshotHead({ parentDir })).toMatchObject({ numSeries: 2 });
      await merging;
      expect(levels(store)).toEqual([1, 1, 1, 1]);
      const again = store.maintain();
      await fill(1, false);
      await again;
      await store.maintain();
      expect(levels(store)).toEqual([3, 1, 1]);
      expect(store.problems()).toEqual([]);
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
    }));

  test('begins nothing any more once the store is being closed', () =>
    withBench(async (bench) => {
      const refused = new Set(['tsdb.deleteBlocks']);
      const calls: string[] = [];
      const began = Promise.withResolvers<undefined>();
      const thread: StoreThread = {
        async call(method, payload, options) {
          calls.push(method);
          if (!refused.has(method)) return bench.options.thread.call(method, payload, options);
          if (method === 'tsdb.deleteBlocks') throw new Error('not now');
          began.resolve(undefined);
          await new Promise((resolve) => options?.signal?.addEventListener('abort', resolve));
          throw new ThreadError('THREAD_CANCELLED', 'cancelled by the caller');
        },
      };
      const first = await filledStore(bench, { thread, mayMerge: () => true });
      await first.fill(5);
      // The merged block is beside those that it was made of: the next maintenance removes them.
      expect(levels(first.store).toSorted()).toEqual([1, 1, 1, 1, 3]);
      await first.store.close();
      const store = await bench.open({ blockRangeMs: rangeMs, thread, mayMerge: () => true });
      refused.add('tsdb.writeHeadBlock');
      const batch = store.newBatch();
      batch.push(store.seriesRef(labelsOf('a')), 0, 0, bench.clock.nowMs() + 2 * rangeMs);
      await store.commit(batch);
      const maintaining = store.maintain();
      await began.promise;
      refused.clear();
      calls.length = 0;
      await Promise.all([store.close(), maintaining]);
      expect(calls).toEqual([]);
    }));

  test('removes at the next start what a crash has left beside the merged block', () =>
    withBench(async (bench) => {
      const { store, want, fill } = await filledStore(bench, {});
      await fill(5);
      const dirs = store.blocks().map(({ dir }) => dir);
      const ulid = '01HE949VD3YTRWF8GXT2TC97KJ';
      const payload = { dirs: dirs.slice(0, 3), parentDir: bench.dir, ulid };
      await bench.options.thread.call('tsdb.mergeBlocks', payload);
      await store.close();
      const again = await bench.open({ blockRangeMs: rangeMs, mayMerge: () => true });
      expect(levels(again)).toEqual([1, 3, 1, 1, 1]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
      await again.maintain();
      expect(levels(again)).toEqual([3, 1]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));
});

describe('a thread that dies behind its last step', () => {
  test.each(['tsdb.writeHeadBlock', 'tsdb.mergeBlocks'])('has done %s', (dying) =>
    withBench(async (bench) => {
      const thread: StoreThread = {
        async call(method, payload, options) {
          const result = await bench.options.thread.call(method, payload, options);
          if (method !== dying) return result;
          throw new ThreadError('THREAD_CRASHED', 'the thread ended in mid-call');
        },
      };
      const { store, want, fill } = await filledStore(bench, { thread, mayMerge: () => true });
      await fill(5);
      expect(levels(store)).toEqual([3, 1]);
      expect(store.problems()).toEqual([]);
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
      expect(readdirSync(bench.dir).filter(isUlid)).toHaveLength(2);
    }),
  );

  test('leaves nothing of what it has not finished', () =>
    withBench(async (bench) => {
      const { thread } = mergingThread(bench.options.thread, () => {
        throw new ThreadError('THREAD_CRASHED', 'the thread ended in mid-call');
      });
      const { store, fill } = await filledStore(bench, { thread, mayMerge: () => true });
      await fill(5);
      expect(levels(store)).toEqual([1, 1, 1, 1]);
      expect(readdirSync(bench.dir).filter((name) => name.includes('.tmp'))).toEqual([]);
    }));
});
