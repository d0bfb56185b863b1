import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import { crashRangeMs, crashSamples } from './crash-fixture.ts';
import { copyLive, syncedFiles, untilSynced, type WalSizes } from './power-cut-fixture.ts';
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
  const { openWalFile, synced, written } = syncedFiles();
  const options = { blockRangeMs: crashRangeMs, limits: { walSegmentBytes: 32 * 1024 } };
  const store = await bench.open({ ...options, openWalFile, mayMerge: () => true });
  const want: Contents = new Map();
  /** How many samples there were when each second began. */
  const counts: number[] = [];
  /** What was written when each round had ended. */
  const writtenBy: WalSizes[] = [];
  for (let round = 0; round < 110; round++) {
    await bench.clock.advance(1000);
    const say = `SEED=${String(seed)} round ${String(round)}`;
    await untilSynced(writtenBy[round - 3] ?? new Map<string, number>(), synced, say);
    const batch = store.newBatch();
    for (const { labels, timeMs, lo, hi } of crashSamples(round)) {
      batch.push(store.seriesRef(labels), lo, hi, timeMs);
      addSample(want, labels, timeMs, lo, hi);
    }
    counts.push(round * batch.count);
    await store.commit(batch);
    writtenBy.push(new Map(written));
    if (round < 10 || rng.u32() % 8 > 0) continue;
    // Blocks and checkpoints are synced before they get their names: only the WAL loses its end.
    const copy = `${bench.dir}-cut`;
    copyLive(bench.dir, copy);
    rmSync(join(copy, 'lock'));
    for (const [name, length] of synced) truncate(join(copy, 'wal', name), length);
    const survivor = await bench.open({ ...options, dir: copy });
    const held = sorted(await contentsOf(survivor));
    await survivor.close();
    rmSync(copy, { recursive: true });
    const all = new Set(sorted(want));
    expect([say, held.filter((sample) => !all.has(sample))]).toEqual([say, []]);
    expect([say, held.length >= counts[round - 4]!]).toEqual([say, true]);
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
