/**
 * The samples of one scrape on their way into the store, column by column. Values are the two
 * 32-bit halves of their IEEE bits, because an engine may change the bits of a stale marker that
 * travels as a number.
 */
export class SampleBatch {
  /** How many entries of the columns are in use. */
  count = 0;
  /** Series references of {@link Store.seriesRef}. */
  refs: Uint32Array<ArrayBuffer>;
  /** Low halves of the values. */
  lo: Uint32Array<ArrayBuffer>;
  /** High halves of the values. */
  hi: Uint32Array<ArrayBuffer>;
  /** Times in milliseconds. */
  timesMs: Float64Array<ArrayBuffer>;

  constructor(capacity = 1024) {
    this.refs = new Uint32Array(capacity);
    this.lo = new Uint32Array(capacity);
    this.hi = new Uint32Array(capacity);
    this.timesMs = new Float64Array(capacity);
  }

  /** Makes room for `capacity` entries in all columns and keeps their content. */
  reserve(capacity: number): void {
    if (capacity <= this.refs.length) return;
    const size = Math.max(capacity, this.refs.length * 2);
    const { refs, lo, hi, timesMs } = this;
    this.refs = new Uint32Array(size);
    this.lo = new Uint32Array(size);
    this.hi = new Uint32Array(size);
    this.timesMs = new Float64Array(size);
    this.refs.set(refs);
    this.lo.set(lo);
    this.hi.set(hi);
    this.timesMs.set(timesMs);
  }

  /** Appends one sample. Hot loops write the columns themselves after {@link reserve}. */
  push(ref: number, lo: number, hi: number, timeMs: number): void {
    if (this.count === this.refs.length) this.reserve(this.count + 1);
    const at = this.count++;
    this.refs[at] = ref;
    this.lo[at] = lo;
    this.hi[at] = hi;
    this.timesMs[at] = timeMs;
  }

  /** Appends a sample of the same value and time for each of `refs`. */
  pushEach(refs: readonly number[], lo: number, hi: number, timeMs: number): void {
    const from = this.count;
    const to = from + refs.length;
    this.reserve(to);
    this.refs.set(refs, from);
    this.lo.fill(lo, from, to);
    this.hi.fill(hi, from, to);
    this.timesMs.fill(timeMs, from, to);
    this.count = to;
  }

  /** Forgets the samples and keeps the memory. */
  clear(): void {
    this.count = 0;
  }
}
