import { expect, test } from '@jest/globals';
import type { Labels } from '../labels.ts';
import type { Store } from './store.ts';
import {
  addSample,
  benchStartMs,
  bitsOf,
  contentsOf,
  labelsOf,
  liveAll,
  sorted,
  staleHi,
  staleLo,
  testSeed,
  withBench,
  type Contents,
  type StoreBench,
} from './store-fixture.ts';
import type { CommitResult } from './types.ts';

const rangeMs = 20_000;

/** The rules of the store, said once more in the plainest way. */
class NaiveStore {
  readonly contents: Contents = new Map();
  readonly #newest = new Map<string, { timeMs: number; bits: string }>();
  #maxMs = -Infinity;

  commit(samples: [Labels, number, number, number][], nowMs: number, blocksEndMs: number) {
    const counts: CommitResult = {
      ...{ appended: 0, outOfOrder: 0, duplicates: 0, tooOld: 0, tooNew: 0 },
    };
    const oldestMs = Math.max(this.#maxMs - rangeMs / 2, blocksEndMs);
    for (const [labels, timeMs, lo, hi] of samples) {
      const key = labels.join('\u0000');
      const newest = this.#newest.get(key);
      const bits = `${String(hi)}:${String(lo)}`;
      if (timeMs < oldestMs) counts.tooOld++;
      else if (timeMs > nowMs + 600_000) counts.tooNew++;
      else if (newest !== undefined && timeMs < newest.timeMs) counts.outOfOrder++;
      else if (newest?.timeMs === timeMs && newest.bits !== bits) counts.duplicates++;
      else {
        counts.appended++;
        this.#newest.set(key, { timeMs, bits });
        this.#maxMs = Math.max(this.#maxMs, timeMs);
        addSample(this.contents, labels, timeMs, lo, hi);
      }
    }
    return counts;
  }
}

/** `make soak` runs long; a plain test run takes its share with a new seed each time. */
const isSoak = process.env['SOAK'] === '1';
const leastAppends = isSoak ? 10_000_000 : 1;
const rounds = isSoak ? 600 : 160;
const seriesPerTarget = isSoak ? 60 : 6;
const timeoutMs = isSoak ? 3_600_000 : 180_000;

/** A life waits for the disk most of the time. */
const livesAtOnce = isSoak ? 4 : 1;

const seed = testSeed();
const say = `SEED=${String(seed)}`;

test(
  'holds what a naive twin holds, over gaps, cuts, merges and restarts',
  async () => {
    let appends = 0;
    const isWanted = () => appends < leastAppends;
    await liveAll(isWanted, livesAtOnce, (life) => {
      const lifeSeed = (seed + life) >>> 0;
      return withBench(async (bench) => {
        const stored = await liveAsTwin(bench, `SEED=${String(lifeSeed)}`);
        appends += stored;
      }, lifeSeed);
    });
    if (isSoak) process.stdout.write(`# model: ${String(appends)} appends from ${say}\n`);
  },
  timeoutMs,
);

/** Gives how many samples were stored. */
async function liveAsTwin({ open, clock, rng }: StoreBench, say: string): Promise<number> {
  const pick = (below: number) => rng.u32() % below;
  const mayMerge = () => pick(3) > 0;
  const options = { blockRangeMs: rangeMs, limits: { walSegmentBytes: 32 * 1024 }, mayMerge };
  const model = new NaiveStore();
  let store: Store = await open(options);
  let blocksEndMs = -Infinity;
  let nowMs = benchStartMs;
  let appends = 0;
  const targets = 1 + pick(4);
  for (let round = 0; round < rounds; round++) {
    const kind = pick(40);
    const stepMs = kind === 0 ? pick(2 * rangeMs) : kind < 3 ? pick(rangeMs / 4) : 1000;
    await clock.advance(stepMs);
    nowMs += stepMs;
    if (pick(60) === 0) {
      await store.close();
      store = await open(options);
      expect([say, store.problems()]).toEqual([say, []]);
    }
    for (let target = 0; target < targets; target++) {
      const samples = randomBatch(target, nowMs, round, pick);
      const batch = store.newBatch();
      for (const [labels, timeMs, lo, hi] of samples) {
        batch.push(store.seriesRef(labels), lo, hi, timeMs);
      }
      await store.maintain();
      blocksEndMs = Math.max(blocksEndMs, ...store.blocks().map((block) => block.maxt));
      if (hasDeadRef(store, batch.refs.subarray(0, batch.count))) continue;
      const want = model.commit(samples, nowMs, blocksEndMs);
      appends += want.appended;
      expect([say, round, await store.commit(batch)]).toEqual([say, round, want]);
    }
  }
  await store.maintain();
  expect(store.blocks().length).toBeGreaterThan(1);
  const want = sorted(model.contents);
  expectSame(say, sorted(await contentsOf(store)), want);
  await store.close();
  store = await open(options);
  expectSame(say, sorted(await contentsOf(store)), want);
  await store.close();
  return appends;
}

/** Compares long lists by their first difference: a diff of them would take minutes. */
function expectSame(say: string, held: readonly string[], want: readonly string[]): void {
  const at = want.findIndex((sample, index) => held[index] !== sample);
  expect([say, at, held[at]]).toEqual([say, -1, undefined]);
  expect([say, held.length]).toEqual([say, want.length]);
}

function hasDeadRef(store: Store, refs: Uint32Array): boolean {
  return refs.some((ref) => !store.isLive(ref));
}

/** A scrape: mostly aligned, now and then stale, late, early, twice or with a vanished series. */
function randomBatch(
  target: number,
  nowMs: number,
  round: number,
  pick: (below: number) => number,
): [Labels, number, number, number][] {
  const samples: [Labels, number, number, number][] = [];
  for (let series = 0; series < seriesPerTarget; series++) {
    if (pick(10) === 0) continue;
    const churn = series === 5 ? String(Math.floor(round / 30)) : '';
    const labels = labelsOf(`m${String(series)}`, { t: String(target), churn });
    const value = series < 2 ? 7 : series < 4 ? round : pick(1e6) / 7;
    const [lo, hi] = pick(30) === 0 ? [staleLo, staleHi] : bitsOf(value);
    const odd = pick(50);
    const timeMs = odd === 0 ? nowMs - pick(3 * rangeMs) : odd === 1 ? nowMs + 600_001 : nowMs;
    samples.push([labels, timeMs, lo, hi]);
    if (pick(40) === 0) samples.push([labels, timeMs, (lo ^ pick(2)) >>> 0, hi]);
  }
  return samples;
}
