/** Memory of one body, of which others may want a part. */
export interface BudgetedBody {
  /** The memory is taken away, for good. */
  evict(): void;
}

/**
 * Bounds the memory of all bodies under way together. When there is not enough, the largest one pays:
 * whoever sends without end is cut off before those who send what is usual.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #held = new Map<BudgetedBody, { bytes: number; isFixed: boolean }>();
  #totalBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What all bodies hold together. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Notes what a body holds from now on, and takes from the largest until it fits; false when the body is
   * the largest itself and must do without. One of up to `aloneBytes` always fits when it is alone.
   */
  hold(body: BudgetedBody, bytes: number, aloneBytes: number): boolean {
    const maxBytes = Math.max(this.#maxBytes, aloneBytes);
    this.release(body);
    while (this.#totalBytes + bytes > maxBytes) {
      const [largest, largestBytes] = this.#largest();
      if (largest === undefined || largestBytes < bytes) return false;
      this.release(largest);
      largest.evict();
    }
    this.#held.set(body, { bytes, isFixed: false });
    this.#totalBytes += bytes;
    return true;
  }

  /** The body is being read: it keeps what it has. */
  fix(body: BudgetedBody): void {
    const held = this.#held.get(body);
    if (held !== undefined) held.isFixed = true;
  }

  release(body: BudgetedBody): void {
    this.#totalBytes -= this.#held.get(body)?.bytes ?? 0;
    this.#held.delete(body);
  }

  #largest(): [BudgetedBody | undefined, number] {
    let found: BudgetedBody | undefined;
    let most = 0;
    for (const [body, { bytes, isFixed }] of this.#held) {
      if (isFixed || bytes <= most) continue;
      found = body;
      most = bytes;
    }
    return [found, most];
  }
}
