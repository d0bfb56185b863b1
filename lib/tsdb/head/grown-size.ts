/**
 * Columns of the head begin with so few entries that they grow several times before the engine has
 * compiled what uses them. It takes a field that never changed for a constant and a path that was
 * never taken for one that never will be, and when it is wrong it throws away all code that relies
 * on that: in the middle of a first scrape, if a column grew for the first time there.
 */
export const firstEntries = 16;

/** Up to this many entries columns grow in large steps, behind it by the half. */
const manyEntries = 1024;

/** Up to this many entries hash tables grow fourfold, behind it twofold: each time all entries are made anew. */
const manyTableEntries = 1 << 16;

/** Entries, a power of two, of a hash table with `entries` of them, of which `used` are more than the half. */
export function grownTableSize(entries: number, used: number): number {
  let size = entries;
  while (2 * used > size) size *= size < manyTableEntries ? 4 : 2;
  return size;
}

/** Length of a column of `length` entries that must have `wanted` of them. */
export function grownSize(length: number, wanted: number): number {
  return Math.max(wanted, length < manyEntries ? 4 * length : length + (length >>> 1));
}
