import { say } from '../../../api/index.ts';
import { ScrapeError } from '../errors.ts';
import { fittedBodyBytes, firstBodyBytes, maxBodiesBytes, maxIdleBodyBytes } from '../limits.ts';
import { MemoryBudget, type MemoryHolder } from './memory-budget.ts';

/** A growing buffer for one body. Its memory changes hands: see {@link adopt}. */
export class BodyBuffer implements MemoryHolder {
  /** What the target says the body is. */
  contentType: string | undefined;
  readonly #budget: MemoryBudget;
  #bytes = new Uint8Array(0);
  #length = 0;
  #limit = Infinity;
  #isEvicted = false;

  /** Bodies that are under way at once share a budget; one by itself has its own. */
  constructor(budget = new MemoryBudget(maxBodiesBytes)) {
    this.#budget = budget;
  }

  /** Starts a new body of less than `limitBytes`. */
  reset(limitBytes: number): void {
    this.contentType = undefined;
    this.#length = 0;
    this.#limit = limitBytes;
    this.#isEvicted = false;
    if (!this.#budget.hold(this, this.#bytes.length, limitBytes)) this.#bytes = new Uint8Array(0);
  }

  /** Gives up the memory, for others; the body cannot be had any more. */
  evict(): void {
    this.#isEvicted = true;
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  /** Throws `SCRAPE_BODY_BUDGET` when the memory of the body was needed for others. */
  check(): void {
    if (!this.#isEvicted) return;
    throw new ScrapeError('SCRAPE_BODY_BUDGET', say('scrape.too-much-at-once'));
  }

  /** Before the body is read, which needs it up to the end; throws as {@link check}. */
  fix(): void {
    this.check();
    this.#budget.fix(this);
    // Its reader keeps the memory for long: a short body must not keep what a huge one left behind.
    if (isOversized(this.bytes())) this.#bytes = this.#bytes.slice(0, this.#length);
  }

  /** Appends; false when the body has reached the limit, which it may not. Throws as {@link check}. */
  append(chunk: Uint8Array): boolean {
    this.check();
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
    const isOurs = free.buffer instanceof ArrayBuffer && !isOversized(free);
    this.#bytes = isOurs ? new Uint8Array(free.buffer) : new Uint8Array(0);
    this.#length = 0;
  }

  /** Ends the body, and gives up memory beyond what bodies usually need. */
  shrink(): void {
    this.#budget.release(this);
    if (this.#bytes.length > maxIdleBodyBytes) this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }

  #grow(needed: number): void {
    const { length } = this.#bytes;
    const isFitted = length >= fittedBodyBytes.from && length < fittedBodyBytes.to;
    const grownBytes = length + (isFitted ? length >>> 2 : length);
    // Not beyond the limit, but always enough.
    const size = Math.max(needed, Math.min(Math.max(firstBodyBytes, grownBytes), this.#limit));
    if (!this.#budget.hold(this, size, this.#limit)) {
      this.evict();
      this.check();
    }
    const grown = new Uint8Array(size);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Whether a body is far shorter than the memory that it is in. */
function isOversized(body: Uint8Array): boolean {
  return body.buffer.byteLength > Math.max(4 * body.length, 4 * firstBodyBytes);
}
