import {
  backslash,
  braceClose,
  braceOpen,
  carriageReturn,
  comma,
  equals,
  hash,
  isLabelPart,
  isLabelStart,
  isNamePart,
  isNameStart,
  newline,
  quote,
  skipBlanks,
} from './bytes.ts';
import { ExpositionError, type ExpositionErrorCode } from './errors.ts';
import { maxLabels, maxLineBytes } from './limits.ts';
import { checkMetadata } from './metadata.ts';
import { asciiText } from './text.ts';
import { notANumber, outOfRange, ValueParser } from './value-parser.ts';

/** What a line turned out to be. */
export const lineKind = {
  /** A NUL byte where a line should start: the rest of the body is ignored, as Prometheus does. */
  end: 0,
  /** A comment, metadata or nothing. */
  comment: 1,
  sample: 2,
} as const;

export type LineKind = (typeof lineKind)[keyof typeof lineKind];

/** Entries per label in {@link LineLexer.pairs}: name start and end, value start and end. */
export const pairStride = 4;

/** Stands in `timeMs` for a sample without a time of its own. */
export const noTime = -1;

/**
 * Splits the lines of one body (docs/format/exposition.md) into tokens; the fields hold what the
 * last call found. Bodies must end in a newline. It takes and refuses what Prometheus' lexer does,
 * with its oddities (labels without a comma between them, a name directly followed by a signed
 * value), except for NUL bytes: Prometheus also overlooks some that stand between tokens.
 */
export class LineLexer {
  /** Parses values alone. */
  readonly value = new ValueParser();
  #body: Uint8Array = new Uint8Array(0);

  /** Offset behind the metric name. */
  nameEnd = 0;
  /** Offset behind name and braces. */
  seriesEnd = 0;
  /** Where the value starts. */
  valueStart = 0;
  /** Offset behind the line's newline. */
  lineEnd = 0;
  /** Labels found inside the braces. */
  pairCount = 0;
  /** {@link pairStride} offsets per label; values without their quotes, escapes as they stand. */
  readonly pairs = new Int32Array(maxLabels * pairStride);
  /** Low and high half of the value's bits. */
  readonly halves = this.value.halves;
  /** Time after the value in milliseconds, or {@link noTime}. */
  timeMs = noTime;

  /** Turns to another body. */
  reset(body: Uint8Array): void {
    this.#body = body;
  }

  /** Reads the line at `start` up to its value; comments whole. */
  scan(start: number): LineKind {
    const body = this.#body;
    const at = skipBlanks(body, start);
    const first = body[at]!;
    if (first === newline) {
      this.lineEnd = at + 1;
      return lineKind.comment;
    }
    if (first === 0) return lineKind.end;
    if (first === hash) return this.#scanComment(at);
    if (at > start || !isNameStart(first)) {
      throw this.#error('EXPOSITION_BAD_START', 'a line starts with a metric name or #', at);
    }
    this.#scanSeries(at);
    this.valueStart = skipBlanks(body, this.seriesEnd);
    if (body[this.valueStart] === newline) {
      throw this.#error('EXPOSITION_BAD_VALUE', 'the value is missing', this.valueStart);
    }
    return lineKind.sample;
  }

  /** Reads value and time at `start`; false when they are not well formed. */
  tryValue(start: number): boolean {
    const body = this.#body;
    let at = this.value.parse(body, start);
    if (at < 0) return false;
    this.timeMs = noTime;
    if (body[at] !== newline) {
      at = this.#parseTime(at);
      if (at < 0) return false;
    }
    this.lineEnd = at + 1;
    return true;
  }

  /** Reads value and time at `start` and says what is wrong with them. */
  readValue(start: number): void {
    if (this.tryValue(start)) return;
    const end = this.value.parse(this.#body, start);
    if (end === outOfRange) {
      throw this.#error('EXPOSITION_VALUE_RANGE', 'the value does not fit into 64 bits', start);
    }
    if (end === notANumber) throw this.#error('EXPOSITION_BAD_VALUE', 'not a number', start);
    const at = skipBlanks(this.#body, end);
    throw this.#error(
      'EXPOSITION_BAD_TIMESTAMP',
      'after the value only a time in whole milliseconds may stand',
      at,
    );
  }

  #scanComment(start: number): LineKind {
    const body = this.#body;
    const lineFeed = body.indexOf(newline, start);
    this.lineEnd = lineFeed + 1;
    if (lineFeed - start > maxLineBytes) throw this.#lineLimit(start);
    const problem = checkMetadata(body, start, lineFeed);
    if (problem !== undefined) throw this.#error(problem.code, problem.what, start);
    return nulEndsComment(body, start, lineFeed) ? lineKind.end : lineKind.comment;
  }

  #scanSeries(start: number): void {
    const body = this.#body;
    let at = start + 1;
    while (isNamePart(body[at]!)) at++;
    this.nameEnd = at;
    this.seriesEnd = at;
    this.pairCount = 0;
    const open = skipBlanks(body, at);
    if (body[open] !== braceOpen) return;
    at = skipBlanks(body, open + 1);
    while (body[at] !== braceClose) {
      at = this.#scanPair(at);
      if (body[at] === comma) at = skipBlanks(body, at + 1);
      if (at - start > maxLineBytes) throw this.#lineLimit(at);
    }
    this.seriesEnd = at + 1;
  }

  /** Reads one `name="value"`; returns the offset of the next token. */
  #scanPair(start: number): number {
    const body = this.#body;
    let at = start;
    if (!isLabelStart(body[at]!)) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'a label name or } is expected', at);
    }
    while (isLabelPart(body[at]!)) at++;
    if (this.pairCount === maxLabels) {
      const what = `a series has more than ${String(maxLabels)} labels`;
      throw this.#error('EXPOSITION_LABEL_LIMIT', what, at);
    }
    const slot = this.pairCount++ * pairStride;
    this.pairs[slot] = start;
    this.pairs[slot + 1] = at;
    at = skipBlanks(body, at);
    if (body[at] !== equals) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'an = is expected after the label name', at);
    }
    at = skipBlanks(body, at + 1);
    if (body[at] !== quote) {
      throw this.#error('EXPOSITION_BAD_LABEL_VALUE', 'a quoted label value is expected', at);
    }
    const valueStart = at + 1;
    at = this.#scanQuoted(valueStart);
    this.pairs[slot + 2] = valueStart;
    this.pairs[slot + 3] = at;
    return skipBlanks(body, at + 1);
  }

  /** Offset of the closing quote of the label value that starts at `start`. */
  #scanQuoted(start: number): number {
    const body = this.#body;
    const end = Math.min(body.length, start + maxLineBytes);
    for (let at = start; at < end; at++) {
      const byte = body[at];
      if (byte === quote) return at;
      if (byte !== backslash) continue;
      // Prometheus' lexer does not see NUL bytes inside a value.
      do at++;
      while (body[at] === 0);
      if (body[at] === newline) break;
    }
    if (end < body.length && end === start + maxLineBytes) throw this.#lineLimit(start);
    throw this.#error('EXPOSITION_BAD_LABEL_VALUE', 'the label value does not end', start);
  }

  /** Reads what follows a value; returns the offset of the newline, or -1. */
  #parseTime(start: number): number {
    const body = this.#body;
    let at = skipBlanks(body, start);
    if (body[at] === newline) return at;
    const digitsStart = at;
    let time = 0;
    for (let digit = body[at]! - 48; digit >= 0 && digit <= 9; digit = body[++at]! - 48) {
      time = time * 10 + digit;
    }
    if (at === digitsStart || !fitsInt64(body, digitsStart, at)) return -1;
    const digitsEnd = at;
    at = skipBlanks(body, at);
    if (body[at] !== newline) return -1;
    // Beyond 15 digits the sum above may have rounded more than once.
    this.timeMs = time <= 1e15 ? time : Number(asciiText(body, digitsStart, digitsEnd));
    return at;
  }

  #lineLimit(at: number): ExpositionError {
    const what = `a line is longer than ${String(maxLineBytes)} bytes`;
    return this.#error('EXPOSITION_LINE_LIMIT', what, at);
  }

  #error(code: ExpositionErrorCode, what: string, at: number): ExpositionError {
    const body = this.#body;
    const lineFeed = body.indexOf(newline, at);
    // Whatever else is wrong with such a line, this is what has to be mended.
    if (lineFeed > 0 && body[lineFeed - 1] === carriageReturn) {
      return new ExpositionError('EXPOSITION_CRLF', 'lines end in CR LF instead of LF', body, at);
    }
    return new ExpositionError(code, what, body, at);
  }
}

/**
 * Whether Prometheus takes a NUL byte in the comment `[start, end)` for the end of the body: it
 * does anywhere after a `#` without a blank, and right behind the blanks of one that has them.
 */
function nulEndsComment(body: Uint8Array, start: number, end: number): boolean {
  const text = skipBlanks(body, start + 1);
  if (text > start + 1) return body[text] === 0;
  const nul = body.indexOf(0, start);
  return nul !== -1 && nul < end;
}

const maxInt64 = 9_223_372_036_854_775_807n;

function fitsInt64(body: Uint8Array, start: number, end: number): boolean {
  if (end - start <= 18) return true;
  let first = start;
  while (body[first] === 48) first++;
  if (end - first > 19) return false;
  let value = 0n;
  for (let at = first; at < end; at++) value = value * 10n + BigInt(body[at]! - 48);
  return value <= maxInt64;
}
