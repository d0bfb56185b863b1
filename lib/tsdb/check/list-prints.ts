/**
 * Fingerprints of lists of series refs: how many, and 64 bits that depend on each ref and its place.
 * So lists can be compared without being kept.
 */
export class ListPrints {
  #length = 0;
  #counts = new Uint32Array(1024);
  #a = new Uint32Array(1024);
  #b = new Uint32Array(1024);

  get length(): number {
    return this.#length;
  }

  /** A new, empty list; returns its number. */
  start(): number {
    if (this.#length === this.#counts.length) {
      this.#counts = doubled(this.#counts);
      this.#a = doubled(this.#a);
      this.#b = doubled(this.#b);
    }
    return this.#length++;
  }

  /** Appends a ref to list `at`. */
  add(at: number, ref: number): void {
    this.#counts[at]!++;
    const a = Math.imul(this.#a[at]! ^ ref, 0x9e37_79b1);
    this.#a[at] = a ^ (a >>> 15);
    const b = Math.imul(this.#b[at]! + ref + 0x85eb_ca6b, 0xc2b2_ae35);
    this.#b[at] = b ^ (b >>> 13);
  }

  count(at: number): number {
    return this.#counts[at]!;
  }

  /** Whether list `at` is list `otherAt` of `other`. */
  isSame(at: number, other: ListPrints, otherAt: number): boolean {
    return (
      this.#counts[at] === other.#counts[otherAt] &&
      this.#a[at] === other.#a[otherAt] &&
      this.#b[at] === other.#b[otherAt]
    );
  }
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(column.length * 2);
  grown.set(column);
  return grown;
}
