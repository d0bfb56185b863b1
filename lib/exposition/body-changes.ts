import type { ParsedBody } from './parsed-body.ts';
import type { RefSet } from './ref-set.ts';

/** The lines of one body beside those of the body before. */
export interface BodyPair {
  before: ParsedBody;
  next: ParsedBody;
  /** One flag per line of the body before: the next one has it too. */
  seen: Uint8Array;
  /** References that came from the resolver, for lines that were not found in the body before. */
  added: RefSet;
  /** Whether the body before may have had some of them after all. */
  mayHaveReturned: boolean;
  /** Lines of the body before that may be missing in the next one are in this range. */
  skippedFrom: number;
  skippedTo: number;
}

/** Bits of a reference that {@link findReturned} sorts out with before it asks a set. */
const filterMask = 8191;

/**
 * Those of the added series that the body before had after all: far away, or as other text (labels
 * in another order).
 */
export function findReturned({ before, added, mayHaveReturned }: BodyPair): Set<number> {
  const returned = new Set<number>();
  if (!mayHaveReturned) return returned;
  const filter = new Uint8Array(filterMask + 1);
  for (const ref of added) filter[ref & filterMask] = 1;
  const { count } = before;
  const { ref } = before.layout;
  for (let line = 0; line < count; line++) {
    const series = ref[line]!;
    if (filter[series & filterMask] === 1 && added.has(series)) returned.add(series);
  }
  return returned;
}

/**
 * A returned series can stand in the next body twice: as a line that the body before foresaw and as
 * one that it did not. Only when all is read both are at hand. The first line keeps its value;
 * returns how many lines lost theirs, and tells of each.
 */
export function dropLateDuplicates(
  { next }: BodyPair,
  returned: ReadonlySet<number>,
  onDropped: (line: number, ref: number) => void,
): number {
  if (returned.size === 0) return 0;
  let dropped = 0;
  const met = new Set<number>();
  const { layout } = next;
  for (let line = 0; line < next.count; line++) {
    const series = layout.ref[line]!;
    if (!returned.has(series)) continue;
    if (met.has(series)) {
      layout.forget(line);
      onDropped(line, series);
      dropped++;
    }
    met.add(series);
  }
  return dropped;
}

/** Series of the body before that the next one lacks. */
export function findVanished({ before, seen, added, skippedFrom, skippedTo }: BodyPair): number[] {
  const vanished: number[] = [];
  const { ref } = before.layout;
  for (let line = skippedFrom; line < skippedTo; line++) {
    if (seen[line] !== 0 || ref[line]! < 0) continue;
    if (before.mayGoStale(line) && !added.has(ref[line]!)) vanished.push(ref[line]!);
  }
  return vanished;
}
