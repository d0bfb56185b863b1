import {
  backslash,
  blank,
  braceClose,
  equals,
  isLabelPart,
  isNameStart,
  newline,
  quote,
  skipBlanks,
  tab,
} from './bytes.ts';
import type { ParsedBody } from './parsed-body.ts';
import { countSame, isSameText } from './same-bytes.ts';
import { pairStride, type SeriesTokens } from './series-tokens.ts';

/** Longer lines are tokenised: they are rare, and the lexers have limits to watch. */
const maxPlainBytes = 4096;

/**
 * Compares a series that is new with one that is known: mostly it has the same name and labels, of which one
 * has another value. Who knows the one then knows nearly all of the other. The fields tell which label it is
 * and where its value stands, when {@link compare} says so.
 */
export class SeriesVariant {
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Set by {@link match}: where name and labels end, and where the value of the sample starts. */
  seriesEnd = 0;
  sampleStart = 0;

  /**
   * As {@link compare}, of a line of the text format that nobody has read yet, when it is of the plain kind: a
   * bare name, labels with bare names, no escapes. The known line was read, and what is the same is read in the
   * same way, so that only the one label must be found.
   */
  match(next: ParsedBody, at: number, known: ParsedBody, line: number): boolean {
    const { bytes } = next;
    const knownStart = known.start(line);
    const size = known.layout.valueOffset[line]!;
    if (size > maxPlainBytes || bytes.length - at < size || !isNameStart(bytes[at]!)) return false;
    const same = countSame(next.view, at, known.view, knownStart, size);
    const valueStart = this.#findValue(bytes, at, at + same);
    if (valueStart < 0) return false;
    const knownEnd = endOfPlainValue(known.bytes, knownStart + valueStart - at);
    const valueEnd = endOfPlainValue(bytes, valueStart);
    if (knownEnd < 0 || valueEnd < 0) return false;
    const rest = knownStart + size - knownEnd;
    if (rest <= 0 || valueEnd + rest >= bytes.length) return false;
    if (!isSameText(next.view, valueEnd, known.view, knownEnd, rest)) return false;
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
    return this.#findEnd(bytes, valueEnd + rest);
  }

  /**
   * Whether the series at `at` of `next`, which `tokens` are of, is that of line `line` of `known`, but for
   * the value of one label. Neither value is empty or has escapes.
   */
  compare(
    next: ParsedBody,
    at: number,
    tokens: SeriesTokens,
    known: ParsedBody,
    line: number,
  ): boolean {
    const start = known.start(line);
    const size = known.end[line]! - start;
    const most = Math.min(tokens.end - at, size);
    const firstOther = at + countSame(next.view, at, known.view, start, most);
    if (!this.#findLabel(tokens, firstOther)) return false;
    const { valueStart, valueEnd } = this;
    const oldStart = start + valueStart - at;
    const oldEnd = endOfPlainValue(known.bytes, oldStart);
    if (oldEnd < 0 || endOfPlainValue(next.bytes, valueStart) !== valueEnd) return false;
    // What stands behind the value is read in the same way when it is the same.
    const rest = tokens.end - valueEnd;
    if (oldEnd + rest > start + size) return false;
    return isSameText(next.view, valueEnd, known.view, oldEnd, rest);
  }

  /**
   * Where the plain value begins that offset `other` of the line at `start` is in or at the end of; -1 if it
   * is in none, or there may be an escape before. Notes the name of the label.
   */
  #findValue(body: Uint8Array, start: number, other: number): number {
    let valueStart = -1;
    let isOpen = false;
    for (let at = start; at < other; at++) {
      const byte = body[at]!;
      if (byte === backslash) return -1;
      if (byte !== quote) continue;
      isOpen = !isOpen;
      valueStart = at + 1;
    }
    if (!isOpen || body[valueStart - 2] !== equals) return -1;
    this.nameEnd = valueStart - 2;
    let nameStart = this.nameEnd;
    while (isLabelPart(body[nameStart - 1]!)) nameStart--;
    this.nameStart = nameStart;
    return nameStart === this.nameEnd ? -1 : valueStart;
  }

  /** Finds the end of the labels of a line whose value starts at `sampleStart` or behind blanks. */
  #findEnd(body: Uint8Array, sampleStart: number): boolean {
    this.sampleStart = skipBlanks(body, sampleStart);
    let end = sampleStart;
    while (body[end - 1] === blank || body[end - 1] === tab) end--;
    this.seriesEnd = end;
    return body[end - 1] === braceClose && body[this.sampleStart] !== newline;
  }

  /** Finds the label whose value holds offset `at`, or ends there. */
  #findLabel({ pairs, pairCount }: SeriesTokens, at: number): boolean {
    for (let slot = (pairCount - 1) * pairStride; slot >= 0; slot -= pairStride) {
      if (pairs[slot + 2]! > at) continue;
      this.nameStart = pairs[slot]!;
      this.nameEnd = pairs[slot + 1]!;
      this.valueStart = pairs[slot + 2]!;
      this.valueEnd = pairs[slot + 3]!;
      return at <= this.valueEnd;
    }
    return false;
  }
}

/** Where the quoted text that begins at `start` ends; -1 when it is empty or has escapes. */
function endOfPlainValue(body: Uint8Array, start: number): number {
  let at = start;
  while (body[at] !== quote && body[at] !== backslash && body[at] !== newline) at++;
  return at === start || body[at] !== quote ? -1 : at;
}
