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

/** Longer lines are tokenised: they are rare, and the lexers have limits to watch. */
const maxPlainBytes = 4096;

/** Four times the byte. */
const fourQuotes = quote * 0x01010101;
const fourBackslashes = backslash * 0x01010101;

/**
 * Compares a line of the text format that nobody has read yet with a known one, which it mostly stands in the
 * place of: the same name and labels, of which one has another value. What is the same is read in the same way,
 * so that only the one label must be found. The fields tell about the line when {@link match} says so.
 */
export class ReplacedLine {
  /** The label and its value. */
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Where name and labels end, and where the value of the sample starts. */
  seriesEnd = 0;
  sampleStart = 0;
  /** Hash of the series, as `ParsedBody.hashOf` makes it. */
  hash = 0;
  /** Bytes of the line that are as those of the known one, and the hash of those before `#hashedEnd`. */
  #sameEnd = 0;
  #hashState = 0;
  #hashedEnd = 0;

  /**
   * Whether the line at `at` of `next` is such a one, beside line `line` of `known`, of the plain kind: no
   * escapes, neither value empty.
   */
  match(next: ParsedBody, at: number, known: ParsedBody, line: number): boolean {
    const { bytes } = next;
    const start = known.start(line);
    const size = known.layout.valueOffset[line]!;
    if (size > maxPlainBytes || bytes.length - at < size || !isNameStart(bytes[at]!)) return false;
    if (!this.#reachesValue(next, at, known, start - at, size)) return false;
    if (!this.#findName(bytes)) return false;
    const knownStart = this.valueStart + start - at;
    const valueEnd = endOfPlain(bytes, this.#sameEnd);
    const knownEnd = endOfPlain(known.bytes, this.#sameEnd + start - at);
    if (valueEnd <= this.valueStart || knownEnd <= knownStart) return false;
    if (valueEnd - this.valueStart > maxPlainBytes) return false;
    const rest = start + size - knownEnd;
    if (rest <= 0 || valueEnd + rest >= bytes.length) return false;
    for (let behind = 0; behind < rest; behind++) {
      if (bytes[valueEnd + behind] !== known.bytes[knownEnd + behind]) return false;
    }
    this.valueEnd = valueEnd;
    if (!this.#findEnd(bytes, valueEnd + rest)) return false;
    this.hash = next.hashOn(this.#hashState, this.#hashedEnd, this.seriesEnd);
    return true;
  }

  /**
   * Whether the first byte that is not as in the known line, `shift` further on there, is in a quoted text or
   * ends one, with no escape before it. One pass: it looks for quotes and hashes what it compares.
   */
  #reachesValue(
    next: ParsedBody,
    start: number,
    known: ParsedBody,
    shift: number,
    size: number,
  ): boolean {
    const { view } = next;
    const { view: other } = known;
    const last = (start + size - 4) | 0;
    let at = start | 0;
    let quotes = 0;
    let backslashes = 0;
    let state = 0;
    let word = 0;
    let difference = 0;
    while (at <= last) {
      word = view.getInt32(at, true);
      difference = word ^ other.getInt32((at + shift) | 0, true);
      if (difference !== 0) break;
      quotes ^= zeroBytes(word ^ fourQuotes);
      backslashes |= zeroBytes(word ^ fourBackslashes);
      state = Math.imul(state ^ word, 0x9e3779b1);
      state ^= state >>> 15;
      at = (at + 4) | 0;
    }
    if (difference === 0) return false;
    this.#hashState = state;
    this.#hashedEnd = at;
    const same = (31 - Math.clz32(difference & -difference)) >>> 3;
    const ofSame = (1 << (8 * same)) - 1;
    quotes ^= zeroBytes(word ^ fourQuotes) & ofSame;
    backslashes |= zeroBytes(word ^ fourBackslashes) & ofSame;
    this.#sameEnd = at + same;
    quotes ^= quotes >>> 16;
    quotes ^= quotes >>> 8;
    return backslashes === 0 && (quotes & 0x80) !== 0;
  }

  /** Finds the label whose value holds `#sameEnd`, or ends there; false when its name is not a bare one. */
  #findName(body: Uint8Array): boolean {
    let at = this.#sameEnd;
    while (body[at - 1] !== quote) at--;
    this.valueStart = at;
    if (body[at - 2] !== equals) return false;
    this.nameEnd = at - 2;
    let nameStart = this.nameEnd;
    while (isLabelPart(body[nameStart - 1]!)) nameStart--;
    this.nameStart = nameStart;
    return nameStart < this.nameEnd;
  }

  /** Finds the end of the labels of a line whose value starts at `sampleStart` or behind blanks. */
  #findEnd(body: Uint8Array, sampleStart: number): boolean {
    this.sampleStart = skipBlanks(body, sampleStart);
    let end = sampleStart;
    while (body[end - 1] === blank || body[end - 1] === tab) end--;
    this.seriesEnd = end;
    return body[end - 1] === braceClose && body[this.sampleStart] !== newline;
  }
}

/** Where the quoted text that holds offset `start` ends; -1 when there is an escape before. */
function endOfPlain(body: Uint8Array, start: number): number {
  let at = start;
  while (body[at] !== quote && body[at] !== backslash && body[at] !== newline) at++;
  return body[at] === quote ? at : -1;
}

/** The highest bit of each byte of `word` that is zero. */
function zeroBytes(word: number): number {
  return ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | 0 | word | 0x7f7f7f7f);
}
