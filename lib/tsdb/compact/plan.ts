/** What planning has to know of a block. Times are `[mint, maxt)`. */
export interface CompactableBlock {
  readonly ulid: string;
  readonly mint: number;
  readonly maxt: number;
  /**
   * A merge with this block has failed, or it must stay for another reason: it is left alone, and so
   * is its span.
   */
  readonly hasFailed: boolean;
  readonly numSeries: number;
  /** Deleted intervals. */
  readonly numTombstones: number;
}

/** Blocks that should become one, oldest first, and why. */
export interface CompactionPlan<T extends CompactableBlock = CompactableBlock> {
  readonly reason: 'overlap' | 'range' | 'tombstones';
  readonly blocks: readonly T[];
}

const hourMs = 60 * 60 * 1000;

/** Lengths of blocks: what is cut, three of those, three of these. */
export const defaultCompactionRanges: readonly number[] = [2 * hourMs, 6 * hourMs, 18 * hourMs];

/** A block is worth rewriting for its tombstones alone when so many of its series have one. */
const tombstoneShare = 0.05;

/**
 * What to merge next; undefined when there is nothing. The rules are those of Prometheus:
 *
 * 1. Blocks that overlap each other come first.
 * 2. The newest block is left alone. Of the others, those that lie together in one span
 *    `[k × range, (k + 1) × range)` are merged, smaller ranges first, once the span is full or
 *    nothing more can come.
 * 3. A block of which much is deleted is rewritten by itself.
 *
 * In two things they differ. Prometheus merges overlapping blocks over and over when that fails; here
 * a block that has failed is left out everywhere. And a block of ours covers its first sample to its
 * last, so a span counts as full when the blocks reach into its first and last part of `ranges[0]`.
 *
 * `ranges` ascend; each is a multiple of the one before. Whoever calls gives all blocks, because a
 * merge around one that is missing would overlap it, and asks again after each merge.
 */
export function planCompaction<T extends CompactableBlock>(
  blocks: readonly T[],
  ranges: readonly number[] = defaultCompactionRanges,
): CompactionPlan<T> | undefined {
  const sorted = [...blocks].sort((a, b) => a.mint - b.mint || a.maxt - b.maxt);
  const overlapping = firstOverlap(sorted);
  if (overlapping !== undefined) return { reason: 'overlap', blocks: overlapping };
  const settled = sorted.slice(0, -1);
  const group = firstFullSpan(settled, ranges);
  if (group !== undefined) return { reason: 'range', blocks: group };
  const deleted = newestDeleted(settled, ranges);
  return deleted && { reason: 'tombstones', blocks: [deleted] };
}

/** The oldest blocks that overlap each other, directly or through another one. */
function firstOverlap<T extends CompactableBlock>(sorted: readonly T[]): T[] | undefined {
  let group: T[] = [];
  let end = -Infinity;
  for (const block of sorted.filter(({ hasFailed }) => !hasFailed)) {
    if (block.mint >= end) {
      if (group.length > 1) return group;
      group = [];
    }
    group.push(block);
    end = Math.max(end, block.maxt);
  }
  return group.length > 1 ? group : undefined;
}

function firstFullSpan<T extends CompactableBlock>(
  settled: readonly T[],
  ranges: readonly number[],
): T[] | undefined {
  const newest = settled.at(-1);
  const [smallest] = ranges;
  if (newest === undefined || smallest === undefined) return undefined;
  for (const range of ranges.slice(1)) {
    for (const { start, group } of spans(settled, range)) {
      if (group.length < 2 || group.some(({ hasFailed }) => hasFailed)) continue;
      const end = group.at(-1)!.maxt;
      const isFull = group[0]!.mint < start + smallest && end > start + range - smallest;
      // Nothing is cut any more in front of a block that has been cut.
      if (isFull || end <= newest.mint) return group;
    }
  }
  return undefined;
}

/** Blocks by the span that they lie in; those that lie in none are left out. */
function spans<T extends CompactableBlock>(
  sorted: readonly T[],
  range: number,
): { start: number; group: T[] }[] {
  const found: { start: number; group: T[] }[] = [];
  for (const block of sorted) {
    const start = Math.floor(block.mint / range) * range;
    if (block.maxt > start + range) continue;
    const last = found.at(-1);
    if (last?.start === start) last.group.push(block);
    else found.push({ start, group: [block] });
  }
  return found;
}

/** The newest block that is worth rewriting without what is deleted. */
function newestDeleted<T extends CompactableBlock>(
  settled: readonly T[],
  ranges: readonly number[],
): T | undefined {
  const largeMs = ranges[Math.floor(ranges.length / 2)] ?? Infinity;
  for (const block of settled.toReversed()) {
    const { hasFailed, maxt, mint, numSeries, numTombstones } = block;
    if (maxt - mint < largeMs) {
      const isAllDeleted = numTombstones > 0 && numTombstones >= numSeries;
      // A small block will be merged soon, and older ones with it.
      return isAllDeleted && !hasFailed ? block : undefined;
    }
    if (!hasFailed && numTombstones / (numSeries + 1) > tombstoneShare) return block;
  }
  return undefined;
}
