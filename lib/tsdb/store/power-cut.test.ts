import { cpSync, rmSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import { crashRangeMs, crashSamples } from './crash-fixture.ts';
import {
  addSample,
  contentsOf,
  sorted,
  testSeed,
  withBench,
  type Contents,
} from './store-fixture.ts';
import type { WalFileOpener } from './wal-writer.ts';

/** What of each WAL file a power cut would leave: the bytes that were synced. */
function syncedFiles(): {
  openWalFile: WalFileOpener;
  synced: Map<string, number>;
  /** Syncs under way: the test's clock is faster than the disk and waits for them. */
  pending: Set<Promise<void>>;
} {
  const synced = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  const openWalFile: WalFileOpener = async (path) => {
    const handle = await open(path, 'wx');
    const name = basename(path);
    let size = 0;
    synced.set(name, 0);
    return {
      async write(...args) {
        const result = await handle.write(...args);
        size = args[3] + result.bytesWritten;
        return result;
      },
      async truncate(length) {
        await handle.truncate(length);
        size = length;
      },
      async datasync() {
        const reached = size;
        const sync = handle.datasync().then(() => {
          synced.set(name, reached);
          pending.delete(sync);
        });
        pending.add(sync);
        await sync;
      },
      close: () => handle.close(),
    };
  };
  return { openWalFile, synced, pending };
}

/** The disk of a busy machine is slow. */
const timeoutMs = 30_000;

test(
  'a power cut costs at most the last five seconds',
  () =>
    withBench(async (bench) => {
      const seed = testSeed();
      const rng = seededRng(seed);
      const { openWalFile, synced, pending } = syncedFiles();
      const options = { blockRangeMs: crashRangeMs, limits: { walSegmentBytes: 32 * 1024 } };
      const store = await bench.open({ ...options, openWalFile });
      const want: Contents = new Map();
      /** How many samples there were when each second began. */
      const counts: number[] = [];
      for (let round = 0; round < 70; round++) {
        await bench.clock.advance(1000);
        // One sync begins when another ends: look again until there is none.
        do {
          await Promise.all(pending);
          await turn();
        } while (pending.size > 0);
        const batch = store.newBatch();
        for (const { labels, timeMs, lo, hi } of crashSamples(round)) {
          batch.push(store.seriesRef(labels), lo, hi, timeMs);
          addSample(want, labels, timeMs, lo, hi);
        }
        counts.push(round * batch.count);
        await store.commit(batch);
        if (round < 10 || rng.u32() % 8 > 0) continue;
        const copy = `${bench.dir}-cut`;
        cpSync(bench.dir, copy, { recursive: true });
        rmSync(join(copy, 'lock'));
        for (const [name, length] of synced) truncate(join(copy, 'wal', name), length);
        const survivor = await bench.open({ ...options, dir: copy });
        const held = sorted(await contentsOf(survivor));
        await survivor.close();
        rmSync(copy, { recursive: true });
        const all = new Set(sorted(want));
        expect([seed, round, held.filter((sample) => !all.has(sample))]).toEqual([seed, round, []]);
        expect([seed, round, held.length >= counts[round - 4]!]).toEqual([seed, round, true]);
      }
    }),
  timeoutMs,
);

/** Cuts a segment that is still there. */
function truncate(path: string, length: number): void {
  try {
    truncateSync(path, length);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
}
