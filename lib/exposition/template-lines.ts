/** Reference of a comment, a metadata line or an empty one. */
export const commentRef = -1;
/** Reference of a sample that the resolver does not want. */
export const droppedRef = -2;
/** Reference of a sample whose series had a value earlier in the same body. */
export const duplicateRef = -3;

/**
 * The lines of one body, column by column. Line `k` covers the bytes from the end of line `k - 1`
 * to `end[k]`.
 */
export class TemplateLines {
  count = 0;
  /** Offset behind each line's newline. */
  end = new Int32Array(0);
  /** Offset of the value inside its line; what stands before it, delimiter included, is the series. */
  valueOffset = new Int32Array(0);
  /** Series reference, or one of the negative ones above. */
  ref = new Int32Array(0);
  /** Hash of the series text (of the whole line for comments). */
  hash = new Int32Array(0);
  lo = new Uint32Array(0);
  hi = new Uint32Array(0);
  /** Times that the body gave and that count; undefined as long as no line has one. */
  timesMs: Float64Array | undefined;

  /** Start of line `line`. */
  start(line: number): number {
    return line === 0 ? 0 : this.end[line - 1]!;
  }

  reserve(capacity: number): void {
    if (capacity <= this.end.length) return;
    const size = Math.max(capacity, Math.ceil(this.end.length * 1.5));
    this.end = grown(this.end, new Int32Array(size));
    this.valueOffset = grown(this.valueOffset, new Int32Array(size));
    this.ref = grown(this.ref, new Int32Array(size));
    this.hash = grown(this.hash, new Int32Array(size));
    this.lo = grown(this.lo, new Uint32Array(size));
    this.hi = grown(this.hi, new Uint32Array(size));
    if (this.timesMs !== undefined) this.timesMs = grown(this.timesMs, new Float64Array(size));
  }

  /** Sets the time of `line`; `noTime` before it wherever none was set. */
  setTime(line: number, timeMs: number, noTime: number): void {
    this.timesMs ??= new Float64Array(this.end.length).fill(noTime);
    this.timesMs[line] = timeMs;
  }

  clear(): void {
    this.count = 0;
    this.timesMs = undefined;
  }
}

function grown<A extends Int32Array | Uint32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
