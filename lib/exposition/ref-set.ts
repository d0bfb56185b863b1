import { grown } from './line-layout.ts';

/**
 * References of series that are new in a body. A store mostly numbers new series in order, so that
 * these mostly come in ascending order: those are a list, which costs next to nothing.
 */
export class RefSet {
  /** The first {@link #count} entries; the memory stays. */
  #ascending = new Int32Array(0);
  #count = 0;
  readonly #others = new Set<number>();
  #largest = -1;

  get size(): number {
    return this.#count + this.#others.size;
  }

  /** Bytes that stay when it is cleared. */
  get sizeBytes(): number {
    return this.#ascending.byteLength;
  }

  clear(): void {
    this.#count = 0;
    if (this.#others.size > 0) this.#others.clear();
    this.#largest = -1;
  }

  /** Adds a reference; false when it is there already. */
  add(ref: number): boolean {
    if (ref > this.#largest) {
      if (this.#count === this.#ascending.length) {
        this.#ascending = grown(this.#ascending, this.#count + 16);
      }
      this.#ascending[this.#count++] = ref;
      this.#largest = ref;
      return true;
    }
    if (this.has(ref)) return false;
    this.#others.add(ref);
    return true;
  }

  has(ref: number): boolean {
    if (ref > this.#largest) return false;
    return this.#others.has(ref) || this.#isListed(ref);
  }

  *[Symbol.iterator](): Generator<number> {
    yield* this.#ascending.subarray(0, this.#count);
    yield* this.#others;
  }

  #isListed(ref: number): boolean {
    const refs = this.#ascending;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (refs[middle]! < ref) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && refs[low] === ref;
  }
}
