import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import type { Store } from './store.ts';
import {
  addSample,
  benchStartMs as start,
  contentsOf,
  labelsOf,
  sorted,
  withBench,
  type Contents,
} from './store-fixture.ts';

const hourMs = 3_600_000;

/** How many files without a name this process has open in a directory. */
function namelessFiles(dir: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(dir, 'closed-'));
    } catch {
      return false;
    }
  }).length;
}

/** Commits rounds of values that do not compress, until closed chunks fill several pages. */
async function fill(store: Store, rounds: number, want: Contents): Promise<void> {
  const rng = seededRng(5);
  const names = Array.from({ length: 160 }, (_, at) => labelsOf(`m${String(at)}`));
  for (let round = 0; round < rounds; round++) {
    const batch = store.newBatch(names.length);
    const timeMs = start + round * 36_000;
    for (const labels of names) {
      const [lo, hi] = [rng.u32(), rng.u32()];
      batch.push(store.seriesRef(labels), lo, hi, timeMs);
      addSample(want, labels, timeMs, lo, hi);
    }
    await store.commit(batch);
  }
}

test('closed chunks leave the memory and come back into snapshots and blocks', () =>
  withBench(async ({ open, clock, dir }) => {
    const limits = { maxClosedBytes: 0 };
    const store = await open({ limits });
    await clock.advance(4 * hourMs);
    const want: Contents = new Map();
    await fill(store, 250, want);
    expect(namelessFiles(dir)).toBeGreaterThan(0);
    expect(readdirSync(dir).sort()).toEqual(['lock', 'wal']);
    expect(sorted(await contentsOf(store))).toEqual(sorted(want));
    const batch = store.newBatch();
    batch.push(store.seriesRef(labelsOf('last')), 0, 0, start + 3 * hourMs + 1);
    addSample(want, labelsOf('last'), start + 3 * hourMs + 1, 0, 0);
    await store.commit(batch);
    await store.maintain();
    expect(store.problems()).toEqual([]);
    expect(store.blocks()).toHaveLength(1);
    expect(sorted(await contentsOf(store))).toEqual(sorted(want));
    await store.close();
    expect(namelessFiles(dir)).toBe(0);
  }));

test('a file that a killed process left is removed', () =>
  withBench(async ({ open, dir }) => {
    await (await open()).close();
    writeFileSync(join(dir, 'closed-0011223344556677.tmp'), 'x');
    await open();
    expect(readdirSync(dir).sort()).toEqual(['lock', 'wal']);
  }));
