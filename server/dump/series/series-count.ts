import type { Labels } from '../../../lib/tsdb/index.ts';

/** Slots of an empty table, a power of two. */
const firstSlots = 1024;

/**
 * Counts distinct series over many blocks by a 53-bit hash of their labels: 500,000 series need
 * megabytes, not hundreds of them, and two of them share a hash once in a hundred thousand dumps. The
 * hashes stand in a column: as numbers in a `Set` they take five times as much.
 */
export class SeriesCount {
  /** Each hash and one, in the first free slot from where it belongs; 0 is free, at least a quarter of them. */
  #slots = new Float64Array(firstSlots);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts what another one has counted. */
  include(other: SeriesCount): void {
    for (const entry of other.#slots) if (entry !== 0) this.#put(entry);
  }

  add(labels: Labels): void {
    // A hash of 53 bits and one is still an exact number.
    this.#put(labelsHash(labels) + 1);
  }

  #put(entry: number): void {
    const last = this.#slots.length - 1;
    let at = placeOf(entry) & last;
    for (; this.#slots[at] !== 0; at = (at + 1) & last) if (this.#slots[at] === entry) return;
    this.#slots[at] = entry;
    this.#count++;
    if (4 * this.#count > 3 * this.#slots.length) this.#grow();
  }

  #grow(): void {
    const entries = this.#slots;
    this.#slots = new Float64Array(2 * entries.length);
    this.#count = 0;
    for (const entry of entries) if (entry !== 0) this.#put(entry);
    // Nothing is left for the engine to collect.
    entries.buffer.transfer(0);
  }
}

/** Spreads entries over 32 bits, of which the low ones are used. */
function placeOf(entry: number): number {
  const mixed = Math.imul((entry >>> 0) ^ (entry / 2 ** 32), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** 53 bits that tell label sets apart. */
export function labelsHash(labels: Labels): number {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (const text of labels) {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x5bd1e995) ^ (b >>> 15);
    }
    // Where one text ends and the next begins is part of the hash.
    a = Math.imul(a ^ 0xffff, 0x01000193);
    b = Math.imul(b ^ 0xffff, 0x5bd1e995) ^ (b >>> 15);
  }
  return (a >>> 0) * 2 ** 21 + ((b >>> 0) & 0x1fffff);
}
