import { describe, expect, test } from '@jest/globals';
import { failingFiles } from './failing-files-fixture.ts';
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
import type { StoreThread } from './types.ts';

const hourMs = 3_600_000;

describe('syncing', () => {
  test('happens 2.5 s after the first commit, once for all, and not without one', () =>
    withBench(async ({ open: openStore, clock }) => {
      const { openWalFile, disk } = failingFiles();
      const store = await openStore({ openWalFile });
      await clock.advance(10_000);
      expect(disk.syncs).toBe(0);
      await put(store, 'a', start);
      await clock.advance(2000);
      await put(store, 'a', start + 1);
      expect(disk.syncs).toBe(0);
      await clock.advance(500);
      await store.flush();
      expect(disk.syncs).toBe(1);
      await clock.advance(10_000);
      await store.flush();
      expect(disk.syncs).toBe(1);
    }));

  test('that fails is told and tried again', () =>
    withBench(async ({ open: openStore, clock }) => {
      const { openWalFile, disk } = failingFiles();
      const store = await openStore({ openWalFile });
      disk.sync = true;
      await put(store, 'a', start);
      await expect(store.flush()).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
      expect(store.problems()).toMatchObject([{ code: 'TSDB_WAL_IO' }]);
      await put(store, 'a', start + 1);
      disk.sync = false;
      await clock.advance(2500);
      await store.flush();
      expect(store.problems()).toEqual([]);
    }));
});

/** A thread whose calls wait until they are let go. */
function heldThread(inner: StoreThread): { thread: StoreThread; asked: () => Promise<() => void> } {
  const waiting: (() => void)[] = [];
  let noticed: (() => void) | undefined;
  return {
    thread: {
      async call(method, payload, options) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          noticed?.();
        });
        return inner.call(method, payload, options);
      },
    },
    async asked() {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          noticed = resolve;
        });
      }
      return waiting.shift()!;
    },
  };
}

describe('while a block is cut', () => {
  test('commits and snapshots go on, and nothing is lost or doubled', () =>
    withBench(async ({ open: openStore, clock, options }) => {
      const { thread, asked } = heldThread(options.thread);
      const store = await openStore({ thread });
      await clock.advance(4 * hourMs);
      const want: Contents = new Map();
      const add = async (name: string, timeMs: number) => {
        await put(store, name, timeMs);
        addSample(want, labelsOf(name), timeMs, ...bitsOf(1));
      };
      await add('a', start);
      await add('gone', start + 1);
      await add('a', start + 3 * hourMs + 1);
      const cut = store.maintain();
      const writeBlock = await asked();
      await add('a', start + 3 * hourMs + 2);
      await add('born', start + 3 * hourMs + 2);
      expect(store.stats()).toMatchObject({ headSamples: 5, blocks: 0 });
      writeBlock();
      const writeCheckpoint = await asked();
      await add('a', start + 3 * hourMs + 3);
      await add('born later', start + 3 * hourMs + 3);
      writeCheckpoint();
      await cut;
      expect(store.stats()).toMatchObject({ headSamples: 5, blocks: 1 });
      await store.close();
      const again = await openStore();
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));

  test('closing gives the cut up and keeps its samples', () =>
    withBench(async ({ open: openStore, clock, options }) => {
      const { thread, asked } = heldThread(options.thread);
      const store = await openStore({ thread });
      await clock.advance(4 * hourMs);
      const want: Contents = new Map();
      for (const timeMs of [start, start + 3 * hourMs + 1]) {
        await put(store, 'a', timeMs);
        addSample(want, labelsOf('a'), timeMs, ...bitsOf(1));
      }
      const cut = store.maintain();
      const writeBlock = await asked();
      const closing = store.close();
      writeBlock();
      await closing;
      await cut;
      const again = await openStore();
      expect(again.blocks()).toEqual([]);
      expect(sorted(await contentsOf(again))).toEqual(sorted(want));
    }));
});
