import { cpSync, rmSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../../runtime/index.ts';
import { crashRangeMs, crashSamples } from './crash-fixture.ts';
import {
  addSample,
  contentsOf,
  liveAll,
  sorted,
  testSeed,
  withBench,
  type Contents,
  type StoreBench,
} from './store-fixture.ts';
import type { WalFileOpener } from './wal-writer.ts';

/** What of each WAL file a power cut would leave: the bytes that were synced. */
function syncedFiles(): {
  openWalFile: WalFileOpener;
  synced: Map<string, number>;
  /** Bytes written. */
  sizes: Map<string, number>;
} {
  const synced = new Map<string, number>();
  const sizes = new Map<string, number>();
  const openWalFile: WalFileOpener = async (path) => {
    const handle = await open(path, 'wx');
    const name = basename(path);
    let size = 0;
    synced.set(name, 0);
    return {
      async write(...args) {
        const result = await handle.write(...args);
        size = args[3] + result.bytesWritten;
        sizes.set(name, size);
        return result;
      },
      async truncate(length) {
        await handle.truncate(length);
        size = length;
      },
      async datasync() {
        const reached = size;
        await handle.datasync();
        synced.set(name, reached);
      },
      close: () => handle.close(),
    };
  };
  return { openWalFile, synced, sizes };
}

/** `make soak` runs long; a plain test run takes its share with a new seed each time. */
const lives = process.env['SOAK'] === '1' ? 60 : 1;
/** A life waits for the disk for all but a twentieth of its time. */
const livesAtOnce = 6;
/** The disk of a busy machine is slow. */
const timeoutMs = lives * 180_000;

test(
  'a power cut costs at most the last five seconds',
  async () => {
    const seed = testSeed();
    const isWanted = (life: number) => life < lives;
    await liveAll(isWanted, livesAtOnce, (life) =>
      withBench((bench) => liveThroughPowerCuts(bench, (seed + life) >>> 0)),
    );
  },
  timeoutMs,
);

async function liveThroughPowerCuts(bench: StoreBench, seed: number): Promise<void> {
  const rng = seededRng(seed);
  const { openWalFile, synced, sizes } = syncedFiles();
  const options = { blockRangeMs: crashRangeMs, limits: { walSegmentBytes: 32 * 1024 } };
  const store = await bench.open({ ...options, openWalFile, mayMerge: () => true });
  const want: Contents = new Map();
  /** How many samples there were when each second began. */
  const counts: number[] = [];
  /** What was written when each round had ended. */
  const written: Map<string, number>[] = [];
  for (let round = 0; round < 110; round++) {
    await bench.clock.advance(1000);
    await reached(written[round - 3] ?? new Map<string, number>(), synced);
    const batch = store.newBatch();
    for (const { labels, timeMs, lo, hi } of crashSamples(round)) {
      batch.push(store.seriesRef(labels), lo, hi, timeMs);
      addSample(want, labels, timeMs, lo, hi);
    }
    counts.push(round * batch.count);
    await store.commit(batch);
    written.push(new Map(sizes));
    if (round < 10 || rng.u32() % 8 > 0) continue;
    // Blocks and checkpoints are synced before they get their names: only the WAL loses its end.
    const copy = `${bench.dir}-cut`;
    cpSync(bench.dir, copy, { recursive: true });
    rmSync(join(copy, 'lock'));
    for (const [name, length] of synced) truncate(join(copy, 'wal', name), length);
    const survivor = await bench.open({ ...options, dir: copy });
    const held = sorted(await contentsOf(survivor));
    await survivor.close();
    rmSync(copy, { recursive: true });
    const all = new Set(sorted(want));
    const say = `SEED=${String(seed)} round ${String(round)}`;
    expect([say, held.filter((sample) => !all.has(sample))]).toEqual([say, []]);
    expect([say, held.length >= counts[round - 4]!]).toEqual([say, true]);
  }
}

/** The test's clock is faster than the disk: waits for what should be synced by now, a minute at most. */
async function reached(want: Map<string, number>, synced: Map<string, number>): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 60_000;
  for (const [name, size] of want) {
    while (synced.get(name)! < size && systemClock.monotonicMs() < deadlineMs) await delay(1);
  }
}

/** Cuts a segment that is still there. */
function truncate(path: string, length: number): void {
  try {
    truncateSync(path, length);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
}
