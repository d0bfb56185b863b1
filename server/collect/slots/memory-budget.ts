/** Holds memory, of which others may want a part. */
export interface MemoryHolder {
  /** The memory is taken away, for good. */
  evict(): void;
}

/**
 * Bounds what many hold together. When there is not enough, the largest one pays: whoever sends without end is
 * cut off before those who send what is usual.
 */
export class MemoryBudget {
  readonly maxBytes: number;
  readonly #margin: number;
  readonly #held = new Map<MemoryHolder, { bytes: number; isFixed: boolean }>();
  #totalBytes = 0;

  /**
   * Nothing is taken from one that has less than `margin` times what is asked for. What is held for long would
   * otherwise change hands all the time between those who need about the same.
   */
  constructor(maxBytes: number, margin = 1) {
    this.maxBytes = maxBytes;
    this.#margin = margin;
  }

  /** What all hold together. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Notes what a holder has from now on, and takes from the largest until it fits; false when it is the
   * largest itself and must do without. One of up to `aloneBytes` always fits when it is alone.
   */
  hold(holder: MemoryHolder, bytes: number, aloneBytes: number): boolean {
    const maxBytes = Math.max(this.maxBytes, aloneBytes);
    this.release(holder);
    while (this.#totalBytes + bytes > maxBytes) {
      const [largest, largestBytes] = this.#largest();
      if (largest === undefined || largestBytes < bytes * this.#margin) return false;
      this.release(largest);
      largest.evict();
    }
    this.#held.set(holder, { bytes, isFixed: false });
    this.#totalBytes += bytes;
    return true;
  }

  /**
   * Whether {@link hold} of at least so much may be granted: false spares work for nothing. Takes nothing from
   * anybody.
   */
  mayHold(holder: MemoryHolder, bytes: number, aloneBytes: number): boolean {
    const others = this.#totalBytes - (this.#held.get(holder)?.bytes ?? 0);
    if (others + bytes <= Math.max(this.maxBytes, aloneBytes)) return true;
    return this.#largest(holder)[1] >= bytes * this.#margin;
  }

  /** The memory is being used: it stays until it is released or held anew. */
  fix(holder: MemoryHolder): void {
    const held = this.#held.get(holder);
    if (held !== undefined) held.isFixed = true;
  }

  release(holder: MemoryHolder): void {
    this.#totalBytes -= this.#held.get(holder)?.bytes ?? 0;
    this.#held.delete(holder);
  }

  /** Of those that something can be taken from, without `except`. */
  #largest(except?: MemoryHolder): [MemoryHolder | undefined, number] {
    let found: MemoryHolder | undefined;
    let most = 0;
    for (const [holder, { bytes, isFixed }] of this.#held) {
      if (isFixed || bytes <= most || holder === except) continue;
      found = holder;
      most = bytes;
    }
    return [found, most];
  }
}
