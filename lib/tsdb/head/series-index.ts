import { firstEntries, grownTableSize } from './grown-size.ts';

/** Series that wait for their entries in the hash table: so many that making those waits for memory together. */
const maxWaiting = 256;

/** The label sets that are indexed: pairs of symbol numbers, by the slot of their series. */
interface IndexedSets {
  readonly slotEnd: number;
  /** 0 for a free slot. */
  readonly refs: Uint32Array;
  readonly pairs: Int32Array;
  readonly pairsAt: Uint32Array;
  readonly pairsLength: Uint16Array;
}

/**
 * Finds the slot of a label set: a hash table with open addressing and linear probing. Entries of new series
 * are made for many at a time.
 */
export class SeriesIndex {
  readonly #sets: IndexedSets;
  /** By slot. */
  #hashes = new Int32Array(firstEntries);
  /** Entries are slots, 0 is empty. */
  #table = new Uint32Array(2 * firstEntries);
  /** Series that have an entry or wait for one. */
  #count = 0;
  readonly #waiting = new Uint32Array(maxWaiting);
  #waitingCount = 0;

  /** `sets` holds, by slot, every label set that was added. */
  constructor(sets: IndexedSets) {
    this.#sets = sets;
  }

  /** Makes room for slots below `slots`. */
  reserve(slots: number): void {
    const hashes = this.#hashes;
    (this.#hashes = new Int32Array(slots)).set(hashes);
  }

  /** Adds the label set of a slot, which must not be there. */
  add(slot: number, hash: number): void {
    this.#hashes[slot] = hash;
    this.#count++;
    if (this.#waitingCount === maxWaiting) this.#enter();
    this.#waiting[this.#waitingCount++] = slot;
  }

  /** Slot of the label set that the first `length` of `wanted` are, or 0. */
  find(wanted: Int32Array, length: number): number {
    if (this.#waitingCount > 0) this.#enter();
    const hash = hashOfIds(wanted, 0, length);
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = table[at]!;
      if (slot === 0) return 0;
      if (this.#hashes[slot] === hash && this.#hasPairs(slot, wanted, length)) return slot;
    }
  }

  /** Takes out a slot and closes the gap, so that no markers pile up. */
  delete(slot: number): void {
    if (this.#waitingCount > 0) this.#enter();
    const table = this.#table;
    const mask = table.length - 1;
    let gap = this.#hashes[slot]! & mask;
    while (table[gap] !== slot) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashes[table[at]!]! & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      table[gap] = table[at]!;
      gap = at;
    }
    table[gap] = 0;
    this.#count--;
  }

  /** Makes the entries of the series that wait: nobody looks for a series one of whose texts is new. */
  #enter(): void {
    const count = this.#waitingCount;
    this.#waitingCount = 0;
    if (2 * this.#count > this.#table.length) this.#rebuild();
    else for (let at = 0; at < count; at++) this.#insert(this.#waiting[at]!);
  }

  #hasPairs(slot: number, wanted: Int32Array, length: number): boolean {
    const { pairs, pairsAt, pairsLength } = this.#sets;
    if (pairsLength[slot] !== length) return false;
    const start = pairsAt[slot]!;
    for (let at = 0; at < length; at++) if (pairs[start + at] !== wanted[at]) return false;
    return true;
  }

  #insert(slot: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let at = this.#hashes[slot]! & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot;
  }

  #rebuild(): void {
    const { slotEnd, refs } = this.#sets;
    this.#table = new Uint32Array(grownTableSize(this.#table.length, this.#count));
    for (let slot = 1; slot < slotEnd; slot++) if (refs[slot] !== 0) this.#insert(slot);
  }
}

/** Hash of the label set `[start, start + length)`. */
export function hashOfIds(ids: Int32Array, start: number, length: number): number {
  let hash = length;
  for (let at = start; at < start + length; at++) {
    hash = Math.imul(hash ^ ids[at]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
  return hash ^ (hash >>> 16);
}
