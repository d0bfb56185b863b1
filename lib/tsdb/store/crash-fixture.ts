import type { Labels } from '../labels.ts';
import type { Store } from './store.ts';
import { bitsOf, labelsOf } from './store-fixture.ts';

/** Start of a window of nine block ranges, so that merges happen within few rounds. */
export const crashStartMs = 1_699_999_200_000;
export const crashRangeMs = 20_000;

/** Blocks that end so long before the newest round are deleted, merged ones among them. */
export const crashRetentionMs = 12 * crashRangeMs;

/** What the child commits in a round: lasting series, and one that lives for ten rounds. */
export function crashSamples(
  round: number,
): { labels: Labels; timeMs: number; lo: number; hi: number }[] {
  const timeMs = crashStartMs + round * 1000;
  const all: [Labels, number][] = [
    ...Array.from({ length: 20 }, (_, at): [Labels, number] => [
      labelsOf('lasting', { at: String(at) }),
      round * at,
    ]),
    [labelsOf('short', { born: String(Math.floor(round / 10)) }), round / 7],
  ];
  return all.map(([labels, value]) => {
    const [lo, hi] = bitsOf(value);
    return { labels, timeMs, lo, hi };
  });
}

/** Commits a round, then deletes what has served its time, oldest first. */
export async function crashRound(store: Store, round: number): Promise<void> {
  const batch = store.newBatch();
  for (const { labels, timeMs, lo, hi } of crashSamples(round)) {
    batch.push(store.seriesRef(labels), lo, hi, timeMs);
  }
  await store.commit(batch);
  const limitMs = crashStartMs + round * 1000 - crashRetentionMs;
  for (const { maxt, ulid } of store.blocks()) {
    if (maxt > limitMs) continue;
    try {
      await store.deleteBlock(ulid);
    } catch (error) {
      // Merged away meanwhile.
      if ((error as { code?: unknown }).code !== 'TSDB_NO_BLOCK') throw error;
    }
  }
}
