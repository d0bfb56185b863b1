import { readCount } from './digits.ts';
import type { ParsedBody } from './parsed-body.ts';

// Constants of the hot loop are those of this file: the engine reads imported ones from memory.
const newlineByte = 10;
const lastPlainRef = -1;
const droppedLine = -2;
/** Bytes that are compared as one. */
const wordBytes = 8;
/** As many as {@link readCount} takes. */
const maxDigits = 8;

/**
 * Takes over lines of the body before that the body at hand repeats, as long as their values are
 * counts with as many digits as before, or did not change at all: nearly all lines of nearly all bodies.
 *
 * This is the hot loop of parsing. Nothing in it is called, so that what is known of columns and views stays
 * known to the engine; everything else, rare or not, is left to the caller.
 */
export class KnownLines {
  /** Where the next line starts. */
  at = 0;
  /** The line of the body before that it should repeat. */
  cursor = 0;
  /** Of the lines that were taken over. */
  samples = 0;
  dropped = 0;
  /** Where the value of the line at hand starts when all before it is as it was; else -1. */
  valueAt = -1;
  readonly #halves = new Uint32Array(2);
  readonly #number = new Float64Array(this.#halves.buffer);

  /** Begins at byte `at` of the body at hand and line `cursor` of the one before. */
  start(at: number, cursor: number): void {
    this.at = at;
    this.cursor = cursor;
    this.samples = 0;
    this.dropped = 0;
    this.valueAt = -1;
  }

  /** Notes that the line at hand was taken over by the caller; it has the reference `ref` and ends at `end`. */
  pass(ref: number, end: number): void {
    this.at = end;
    this.cursor++;
    this.valueAt = -1;
    if (ref >= 0) this.samples++;
    else if (ref === droppedLine) this.dropped++;
  }

  /**
   * Goes on from {@link at} and {@link cursor} until line `lastLine` of `next`, or a line at `stopAt` or behind
   * it; appends to the columns of `next`, its layout apart. Neither body may have times. Lines of the
   * body before that were `seen` are not expected again.
   */
  take(before: ParsedBody, next: ParsedBody, seen: Uint8Array, lastLine: number, stopAt: number) {
    const { bytes, view, end, lo, hi } = next;
    const { view: oldView, end: oldEnd, lo: oldLo, hi: oldHi } = before;
    const { valueOffset, ref } = before.layout;
    const halves = this.#halves;
    const number = this.#number;
    const length = bytes.length | 0;
    const stop = stopAt | 0;
    let cursor = this.cursor | 0;
    let line = next.count | 0;
    const endLine = Math.min(lastLine, line + before.count - cursor) | 0;
    let at = this.at | 0;
    let start = before.start(cursor) | 0;
    let samples = this.samples | 0;
    let dropped = this.dropped | 0;
    this.valueAt = -1;

    while (line < endLine && at < stop && seen[cursor] === 0) {
      const known = ref[cursor]! | 0;
      const offset = valueOffset[cursor]! | 0;
      const lineEnd = oldEnd[cursor]! | 0;
      // Where the line ends if its value has as many bytes as before, and the same place there.
      const shift = (start - at) | 0;
      const nextAt = (lineEnd - shift) | 0;
      if (known < droppedLine || nextAt > length || offset < wordBytes) break;
      const valueAt = (at + offset) | 0;
      if (!isRepeated(view, at, valueAt, oldView, shift)) break;
      const digits = (nextAt - valueAt - 1) | 0;
      let count = -1;
      if (digits > 0 && digits <= maxDigits && bytes[nextAt - 1] === newlineByte) {
        count = readCount(view, (nextAt - 1) | 0, digits);
      }
      if (count >= 0) {
        number[0] = count;
        lo[line] = halves[0]!;
        hi[line] = halves[1]!;
      } else if (isRepeated(view, valueAt, nextAt, oldView, shift)) {
        lo[line] = oldLo[cursor]!;
        hi[line] = oldHi[cursor]!;
      } else {
        this.valueAt = valueAt;
        break;
      }
      end[line] = nextAt;
      if (known < lastPlainRef) dropped = (dropped + 1) | 0;
      samples = (samples + 1 + (known >> 31)) | 0;
      at = nextAt;
      start = lineEnd;
      cursor = (cursor + 1) | 0;
      line = (line + 1) | 0;
    }
    next.count = line;
    this.at = at;
    this.cursor = cursor;
    this.samples = samples;
    this.dropped = dropped;
  }
}

/**
 * Whether the bytes `[from, to)` of a view are those `shift` further on in another one. There must be a word of
 * bytes before `to`; when `from` is nearer, those before it must be the same, too.
 */
function isRepeated(view: DataView, from: number, to: number, other: DataView, shift: number) {
  const last = (to - wordBytes) | 0;
  let at = from;
  while (at < last && view.getBigInt64(at, true) === other.getBigInt64((at + shift) | 0, true)) {
    at = (at + wordBytes) | 0;
  }
  // The last word may overlap with what was compared.
  if (at < last) return false;
  return view.getBigInt64(last, true) === other.getBigInt64((last + shift) | 0, true);
}
