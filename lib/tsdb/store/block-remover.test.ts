import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Thread } from '../../runtime/index.ts';
import { isUlid } from '../ulid.ts';
import type { Store } from './store.ts';
import { benchStartMs, bitsOf, labelsOf, withBench, type StoreBench } from './store-fixture.ts';
import type { StoreOptions, StoreThread } from './types.ts';

const rangeMs = 20_000;

/** A store with blocks of 20 s, the newest of which is not full. */
async function storeWithBlocks(bench: StoreBench, more: Partial<StoreOptions>): Promise<Store> {
  const store = await bench.open({ blockRangeMs: rangeMs, ...more });
  await bench.clock.advance(100_000);
  for (let timeMs = benchStartMs; timeMs < benchStartMs + 4 * rangeMs; timeMs += 1000) {
    const batch = store.newBatch();
    batch.push(store.seriesRef(labelsOf('a')), ...bitsOf(1), timeMs);
    await store.commit(batch);
  }
  await store.maintain();
  expect(store.blocks().length).toBeGreaterThan(1);
  return store;
}

/** A thread whose deletions go through `around`; everything else is done as always. */
function deletingThread(inner: StoreThread, around: (run: () => Promise<unknown>) => unknown) {
  const thread: StoreThread = {
    async call(method, payload, options) {
      const run = () => inner.call(method, payload, options);
      return method === 'tsdb.deleteBlocks' ? await around(run) : await run();
    },
  };
  return thread;
}

function failure(code: string): Error {
  return Object.assign(new Error('the disk fails'), { code });
}

describe('deleting a block', () => {
  test('is the work of the thread', () =>
    withBench(async (bench) => {
      const entry = new URL('./thread-fixture.ts', import.meta.url);
      const thread = new Thread({ name: 'store', entry: { kind: 'file', path: entry } });
      try {
        const store = await storeWithBlocks(bench, { thread });
        const [first, ...others] = store.blocks();
        await store.deleteBlock(first!.ulid);
        expect(store.blocks()).toEqual(others);
        const names = readdirSync(bench.dir).filter((name) => name !== 'wal' && name !== 'lock');
        expect(names.sort()).toEqual(others.map(({ ulid }) => ulid).sort());
        expect(store.problems()).toEqual([]);
        await store.close();
      } finally {
        await thread.stop();
      }
    }));

  test('that fails leaves the block, is told, and can be done again', () =>
    withBench(async (bench) => {
      let isBroken = true;
      const thread = deletingThread(bench.options.thread, (run) => {
        if (isBroken) throw failure('EBUSY');
        return run();
      });
      const store = await storeWithBlocks(bench, { thread });
      const blocks = store.blocks();
      const { ulid } = blocks[0]!;
      await expect(store.deleteBlock(ulid)).rejects.toMatchObject({
        code: 'TSDB_DELETE_FAILED',
        cause: { code: 'EBUSY' },
      });
      expect(store.blocks()).toEqual(blocks);
      expect(store.problems()).toMatchObject([{ code: 'TSDB_DELETE_FAILED' }]);
      isBroken = false;
      await store.deleteBlock(blocks[1]!.ulid);
      expect(store.problems()).toHaveLength(1);
      await store.deleteBlock(ulid);
      expect(store.problems()).toEqual([]);
      expect(readdirSync(bench.dir).filter(isUlid)).toHaveLength(blocks.length - 2);
    }));

  test('that ends half way is over for the store, and its rest goes with the next maintenance', () =>
    withBench(async (bench) => {
      let rests = 0;
      const thread = deletingThread(bench.options.thread, async (run) => {
        await run();
        if (rests > 1) return;
        // As when the files could not be unlinked, or the thread died before.
        rests++;
        mkdirSync(tomb, { recursive: true });
        throw failure('EIO');
      });
      const store = await storeWithBlocks(bench, { thread });
      const { ulid } = store.blocks()[0]!;
      const tomb = join(bench.dir, `${ulid}.tmp-for-deletion`);
      await expect(store.deleteBlock(ulid)).rejects.toMatchObject({ code: 'TSDB_DELETE_FAILED' });
      expect(store.blocks().map((block) => block.ulid)).not.toContain(ulid);
      await store.maintain();
      expect([existsSync(tomb), store.problems().length]).toEqual([true, 1]);
      await store.maintain();
      expect([existsSync(tomb), store.problems().length]).toEqual([false, 0]);
    }));

  test('is done when the block is gone already', () =>
    withBench(async (bench) => {
      const store = await storeWithBlocks(bench, {});
      const { ulid, dir } = store.blocks()[0]!;
      rmSync(dir, { recursive: true });
      await store.deleteBlock(ulid);
      expect(store.problems()).toEqual([]);
      expect(store.blocks().map((block) => block.ulid)).not.toContain(ulid);
    }));

  test('is waited for when the store closes, and refused afterwards', () =>
    withBench(async (bench) => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let begun: () => void = () => undefined;
      const began = new Promise<void>((resolve) => (begun = resolve));
      const thread = deletingThread(bench.options.thread, async (run) => {
        begun();
        await held;
        return run();
      });
      const store = await storeWithBlocks(bench, { thread });
      const [first, second] = store.blocks();
      const deleting = store.deleteBlock(first!.ulid);
      await began;
      let isClosed = false;
      const closing = store.close().then(() => (isClosed = true));
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      expect([isClosed, existsSync(join(bench.dir, 'lock'))]).toEqual([false, true]);
      release();
      await Promise.all([deleting, closing]);
      expect(existsSync(first!.dir)).toBe(false);
      await expect(store.deleteBlock(second!.ulid)).rejects.toMatchObject({ code: 'TSDB_CLOSED' });
    }));
});
