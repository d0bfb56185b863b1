import type { Labels } from '../../../lib/tsdb/index.ts';

/**
 * Counts distinct series over many blocks by a 53-bit hash of their labels: 500,000 series need
 * megabytes, not hundreds of them, and two of them share a hash once in a hundred thousand dumps.
 */
export class SeriesCount {
  readonly #hashes = new Set<number>();

  get count(): number {
    return this.#hashes.size;
  }

  /** Counts what another one has counted. */
  include(other: SeriesCount): void {
    for (const hash of other.#hashes) this.#hashes.add(hash);
  }

  add(labels: Labels): void {
    this.#hashes.add(labelsHash(labels));
  }
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
