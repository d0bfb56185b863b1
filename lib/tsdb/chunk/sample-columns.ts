/**
 * Samples of one series, column by column: times in milliseconds and the two 32-bit halves of the
 * values' IEEE bits. Values never become numbers here, because an engine may change the bits of
 * the NaN that marks a stale series.
 */
export class SampleColumns {
  /** How many entries of the columns are in use. */
  count = 0;
  times: Float64Array<ArrayBuffer>;
  lo: Uint32Array<ArrayBuffer>;
  hi: Uint32Array<ArrayBuffer>;

  constructor(capacity = 128) {
    this.times = new Float64Array(capacity);
    this.lo = new Uint32Array(capacity);
    this.hi = new Uint32Array(capacity);
  }

  /** Makes room for `capacity` entries in all columns and keeps their content. */
  reserve(capacity: number): void {
    if (capacity <= this.times.length) return;
    const size = Math.max(capacity, this.times.length * 2);
    const { times, lo, hi } = this;
    this.times = new Float64Array(size);
    this.lo = new Uint32Array(size);
    this.hi = new Uint32Array(size);
    this.times.set(times);
    this.lo.set(lo);
    this.hi.set(hi);
  }

  /** Appends one sample. */
  push(timeMs: number, lo: number, hi: number): void {
    if (this.count === this.times.length) this.reserve(this.count + 1);
    const at = this.count++;
    this.times[at] = timeMs;
    this.lo[at] = lo;
    this.hi[at] = hi;
  }

  /** Forgets the samples and keeps the memory. */
  clear(): void {
    this.count = 0;
  }
}
