import { readCount } from './digits.ts';
import type { ParsedBody } from './parsed-body.ts';

// Constants of the hot loop are those of this file: the engine reads imported ones from memory.
const newlineByte = 10;
/** Bytes that are compared as one. */
const wordBytes = 8;
/** As many as {@link readCount} takes. */
const maxDigits = 8;
/** Exponent of a double, as it is stored, of a number of 32 bits. */
const largestExponent = 1023 + 31;

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
  /** Where the value of the line at hand starts when all before it is as it was; else -1. */
  valueAt = -1;
  /** Whether something before the value of the line at hand is not as it was. */
  isOther = false;

  /** Begins at byte `at` of the body at hand and line `cursor` of the one before. */
  start(at: number, cursor: number): void {
    this.at = at;
    this.cursor = cursor;
    this.valueAt = -1;
    this.isOther = false;
  }

  /** Notes that the line at hand, which ends at `end`, was taken over by the caller. */
  pass(end: number): void {
    this.at = end;
    this.cursor++;
    this.valueAt = -1;
  }

  /**
   * Goes on from {@link at} and {@link cursor} until line `lastLine` of `next`, or a line at `stopAt` or
   * behind it; appends to the columns of `next`, its layout apart. Neither body may have times. Lines of
   * the body before are not expected again where `seen` says so, unless it is undefined.
   */
  take(
    before: ParsedBody,
    next: ParsedBody,
    seen: Uint8Array | undefined,
    lastLine: number,
    stopAt: number,
  ) {
    const { view, end, lo, hi } = next;
    const { view: oldView, end: oldEnd, lo: oldLo, hi: oldHi } = before;
    const { valueOffset } = before.layout;
    const length = next.bytes.length | 0;
    const stop = stopAt | 0;
    let cursor = this.cursor | 0;
    let line = next.count | 0;
    const endLine = Math.min(lastLine, line + before.count - cursor) | 0;
    let at = this.at | 0;
    let start = before.start(cursor) | 0;
    this.valueAt = -1;

    while (line < endLine && at < stop) {
      if (seen !== undefined && seen[cursor] !== 0) break;
      const offset = valueOffset[cursor]! | 0;
      const oldNext = oldEnd[cursor]! | 0;
      const shift = (start - at) | 0;
      // Where the line ends if its value has as many bytes as before.
      const nextAt = (oldNext - shift) | 0;
      if (nextAt > length || offset < wordBytes) break;
      const valueAt = (at + offset) | 0;
      if (!isRepeated(view, at, valueAt, oldView, shift)) {
        this.isOther = true;
        break;
      }
      const digits = (nextAt - valueAt - 1) | 0;
      let count = -1;
      if (digits > 0 && digits <= maxDigits && view.getUint8(nextAt - 1) === newlineByte) {
        count = readCount(view, (nextAt - 1) | 0, digits);
      }
      if (count >= 0) {
        // The bits of the number as a double: its leading one is left out, and none of zero are set.
        const zeros = Math.clz32(count);
        const fraction = (count << zeros) << 1;
        const isSome = -count >> 31;
        lo[line] = fraction << 20;
        hi[line] = (((largestExponent - zeros) << 20) | (fraction >>> 12)) & isSome;
      } else if (isRepeated(view, valueAt, nextAt, oldView, shift)) {
        lo[line] = oldLo[cursor]!;
        hi[line] = oldHi[cursor]!;
      } else {
        this.valueAt = valueAt;
        break;
      }
      end[line] = nextAt;
      at = nextAt;
      start = oldNext;
      cursor = (cursor + 1) | 0;
      line = (line + 1) | 0;
    }
    next.count = line;
    this.at = at;
    this.cursor = cursor;
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
