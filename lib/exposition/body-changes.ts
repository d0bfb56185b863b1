import { duplicateRef } from './line-layout.ts';
import type { ParsedBody } from './parsed-body.ts';

/** The lines of one body beside those of the body before. */
export interface BodyPair {
  before: ParsedBody;
  next: ParsedBody;
  /** One flag per line of the body before: the next one has it too. */
  seen: Uint8Array;
  /** References that no line of the body before gave. */
  added: ReadonlySet<number>;
}

/**
 * A series can stand in a body as text that the body before had and once more as text that is new
 * (labels in another order): only when all is read both are at hand. The first line keeps its
 * value; returns how many lines lost theirs.
 */
export function dropLateDuplicates({ next, added }: BodyPair): number {
  let dropped = 0;
  const met = new Set<number>();
  for (let line = 0; line < next.count; line++) {
    const ref = next.layout.ref[line]!;
    if (ref < 0 || !added.has(ref)) continue;
    if (met.has(ref)) {
      next.layout.ref[line] = duplicateRef;
      dropped++;
    }
    met.add(ref);
  }
  return dropped;
}

/** How many series the body before did not have, under any text. */
export function countAdded({ before, added }: BodyPair): number {
  let count = added.size;
  const met = new Set<number>();
  for (let line = 0; line < before.count; line++) {
    const ref = before.layout.ref[line]!;
    if (ref < 0 || !added.has(ref) || met.has(ref)) continue;
    met.add(ref);
    count--;
  }
  return count;
}

/** Series of the body before that the next one lacks. */
export function findVanished({ before, seen, added }: BodyPair): number[] {
  const vanished: number[] = [];
  for (let line = 0; line < before.count; line++) {
    const ref = before.layout.ref[line]!;
    if (ref < 0 || seen[line] === 1) continue;
    if (before.mayGoStale(line) && !added.has(ref)) vanished.push(ref);
  }
  return vanished;
}
