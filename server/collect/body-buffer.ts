import { firstBodyBytes, maxIdleBodyBytes } from './limits.ts';

/** A growing buffer for one body. Its memory changes hands: see {@link adopt}. */
export class BodyBuffer {
  /** What the target says the body is. */
  contentType: string | undefined;
  #bytes = new Uint8Array(0);
  #length = 0;
  #limit = Infinity;

  /** Starts a new body of less than `limitBytes`. */
  reset(limitBytes: number): void {
    this.contentType = undefined;
    this.#length = 0;
    this.#limit = limitBytes;
  }

  /** Appends; false when the body has reached the limit, which it may not. */
  append(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length >= this.#limit) return false;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** The body so far; a view of the buffer's memory. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Uses the memory below `free` from now on, unless a single huge body had blown it up; what
   * {@link bytes} returned belongs to its reader.
   */
  adopt(free: Uint8Array): void {
    const isOversized = free.buffer.byteLength > Math.max(4 * free.length, 4 * firstBodyBytes);
    const isOurs = free.buffer instanceof ArrayBuffer && !isOversized;
    this.#bytes = isOurs ? new Uint8Array(free.buffer) : new Uint8Array(0);
    this.#length = 0;
  }

  /** Gives up memory beyond what bodies usually need. */
  shrink(): void {
    if (this.#bytes.length > maxIdleBodyBytes) this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  #grow(needed: number): void {
    const doubled = Math.max(firstBodyBytes, this.#bytes.length * 2);
    // Not beyond the limit, but always enough.
    const size = Math.max(needed, Math.min(doubled, this.#limit));
    const grown = new Uint8Array(size);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
