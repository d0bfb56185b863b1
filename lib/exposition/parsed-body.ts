import { braceClose, braceOpen, isNamePart, newline, skipBlanks } from './bytes.ts';
import type { ExpositionFormat } from './format.ts';
import { commentRef, droppedRef, grown, LineLayout } from './line-layout.ts';
import { noTime } from './line-lexer.ts';

const nothing = new Uint8Array(0);

/** What a number in a set takes, about. */
const setEntryBytes = 32;

/**
 * A body and its lines, column by column. Line `k` covers the bytes from the end of line `k - 1` to
 * `end[k]`.
 */
export class ParsedBody {
  bytes: Uint8Array = nothing;
  format: ExpositionFormat = 'text';
  view: DataView = new DataView(nothing.buffer);
  count = 0;
  layout = new LineLayout();
  /** Offset behind each line's newline. */
  end = new Int32Array(0);
  /** Low and high half of the value's bits. */
  lo = new Uint32Array(0);
  hi = new Uint32Array(0);
  /** No reference of a line is larger; -1 when there is none. */
  maxRef = -1;
  /** Times that the body gave and that count; undefined as long as no line has one. */
  timesMs: Float64Array | undefined;
  /** Series of which a line with a time counts and a later one without, too. */
  readonly #alsoTimeless = new Set<number>();

  /** Bytes in memory beside the layout, which may be shared. */
  get sizeBytes(): number {
    const timesBytes = (this.timesMs?.byteLength ?? 0) + setEntryBytes * this.#alsoTimeless.size;
    return this.bytes.buffer.byteLength + 3 * this.end.byteLength + timesBytes;
  }

  /** Forgets the lines and takes other bytes. */
  reset(bytes: Uint8Array = nothing): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.count = 0;
    this.maxRef = -1;
    this.timesMs = undefined;
    this.#alsoTimeless.clear();
  }

  /** Notes that a series stands in a line without time as well. */
  noteTimeless(ref: number): void {
    this.#alsoTimeless.add(ref);
  }

  /** Gives up the columns if they are for more than `lines` lines. */
  shrink(lines: number): void {
    if (this.end.length <= lines) return;
    this.end = new Int32Array(0);
    this.lo = new Uint32Array(0);
    this.hi = new Uint32Array(0);
  }

  /** Makes room for `capacity` lines in all columns but the layout's. */
  reserve(capacity: number): void {
    this.end = grown(this.end, capacity);
    this.lo = grown(this.lo, capacity);
    this.hi = grown(this.hi, capacity);
    if (this.timesMs !== undefined) this.timesMs = grown(this.timesMs, capacity);
  }

  /** Appends a line that ends at `end`: its value and time, {@link noTime} without. */
  add(end: number, halves: Uint32Array, timeMs: number): void {
    const line = this.count++;
    this.end[line] = end;
    this.lo[line] = halves[0]!;
    this.hi[line] = halves[1]!;
    this.setTime(line, timeMs);
  }

  /** Appends a line that ends at `end`, with value and time of line `line` of `other`. */
  repeat(other: ParsedBody, line: number, end: number): void {
    this.end[this.count] = end;
    this.lo[this.count] = other.lo[line]!;
    this.hi[this.count] = other.hi[line]!;
    this.setTime(this.count++, other.timesMs?.[line] ?? noTime);
  }

  /** Start of line `line`. */
  start(line: number): number {
    return line === 0 ? 0 : this.end[line - 1]!;
  }

  /** Sets the time of `line`; lines are given theirs in order, those without one {@link noTime}. */
  setTime(line: number, timeMs: number): void {
    if (this.timesMs === undefined) {
      if (timeMs === noTime) return;
      this.timesMs = new Float64Array(this.end.length).fill(noTime);
    }
    this.timesMs[line] = timeMs;
  }

  /** Whether staleness is ours to tell: an exporter that gives times says itself when series end. */
  mayGoStale(line: number): boolean {
    if (this.timesMs === undefined || this.timesMs[line] === noTime) return true;
    return this.#alsoTimeless.has(this.layout.ref[line]!);
  }

  /** Hash of the bytes `[start, end)`. */
  hashOf(start: number, end: number): number {
    return this.hashOn(0, start, end);
  }

  /** As {@link hashOf}, of bytes that end at `end` and are a whole number of words up to `from`, where the hash was `before`. */
  hashOn(before: number, from: number, end: number): number {
    const { bytes, view } = this;
    let state = before;
    let at = from;
    for (const words = end - 3; at < words; at += 4) {
      state = Math.imul(state ^ view.getInt32(at, true), 0x9e3779b1);
      state ^= state >>> 15;
    }
    for (; at < end; at++) state = Math.imul(state ^ bytes[at]!, 0x85ebca6b);
    return state ^ (state >>> 13);
  }

  /** Whether comment line `line` consists of the bytes `[at, end)` of `other`. */
  isSameComment(line: number, other: ParsedBody, at: number, end: number): boolean {
    if (this.layout.ref[line] !== commentRef) return false;
    const start = this.start(line);
    return this.end[line]! - start === end - at && this.#hasBytes(start, other, at, end);
  }

  /** Whether sample line `line` is of the series whose text is `[at, seriesEnd)` of `other`. */
  isSameSeries(line: number, other: ParsedBody, at: number, seriesEnd: number): boolean {
    const ref = this.layout.ref[line]!;
    if (ref < 0 && ref !== droppedRef) return false;
    const start = this.start(line);
    if (this.end[line]! - start <= seriesEnd - at) return false;
    if (!this.#hasBytes(start, other, at, seriesEnd)) return false;
    if (other.bytes[seriesEnd - 1] === braceClose) return true;
    // A bare name: this line must not go on with more of a name or with labels.
    const behind = start + seriesEnd - at;
    return (
      !isNamePart(this.bytes[behind]!) && this.bytes[skipBlanks(this.bytes, behind)] !== braceOpen
    );
  }

  /** Whether the bytes from `start` on are those of `other` in `[at, end)`. */
  #hasBytes(start: number, other: ParsedBody, at: number, end: number): boolean {
    const { bytes } = this;
    const others = other.bytes;
    for (let a = at, b = start; a < end; a++, b++) if (others[a] !== bytes[b]) return false;
    return true;
  }
}

/** The same bytes with a newline behind them, if they have none. */
export function endedByNewline(body: Uint8Array): Uint8Array {
  if (body.length === 0 || body[body.length - 1] === newline) return body;
  const bytes = new Uint8Array(body.length + 1);
  bytes.set(body);
  bytes[body.length] = newline;
  return bytes;
}
