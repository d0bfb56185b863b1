import {
  backslash,
  braceClose,
  braceOpen,
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
import type { ExpositionError, ExpositionErrorCode } from './errors.ts';
import { maxLineBytes } from './limits.ts';
import {
  labelLimitError,
  lineError,
  lineKind,
  lineLimitError,
  noTime,
  type LineKind,
  type LineLexer,
} from './line-lexer.ts';
import { readTextComment } from './metadata.ts';
import { quotedNameEnd, tooLong } from './quoted-names.ts';
import { SeriesTokens } from './series-tokens.ts';
import { asciiText } from './text.ts';
import { notANumber, outOfRange, ValueParser } from './value-parser.ts';

/**
 * Splits the lines of a body in text format (docs/format/exposition.md) into tokens. It takes and
 * refuses what Prometheus' lexer does, with its oddities (labels without a comma between them, a
 * name directly followed by a signed value), except for NUL bytes: Prometheus also overlooks some
 * that stand between tokens. Names in quotes are those of version 3.
 */
export class TextLexer implements LineLexer {
  readonly value = new ValueParser();
  readonly halves = this.value.halves;
  readonly series = new SeriesTokens();
  #body: Uint8Array = new Uint8Array(0);
  /** Where the last series began that the next one may share labels with; -1 without. */
  #seriesStart = -1;
  valueStart = 0;
  lineEnd = 0;
  timeMs = noTime;

  reset(body: Uint8Array): void {
    this.#body = body;
    this.series.turnTo(body);
    this.#seriesStart = -1;
  }

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
    if ((at > start && first !== braceOpen) || (first !== braceOpen && !isNameStart(first))) {
      throw this.#error('EXPOSITION_BAD_START', 'a line starts with a metric name or #', at);
    }
    this.#scanSeries(at);
    this.valueStart = skipBlanks(body, this.series.end);
    if (body[this.valueStart] === newline) {
      throw this.#error('EXPOSITION_BAD_VALUE', 'the value is missing', this.valueStart);
    }
    return lineKind.sample;
  }

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
    const { problem, lineFeed } = readTextComment(body, start);
    this.lineEnd = lineFeed + 1;
    if (lineFeed - start > maxLineBytes) throw lineLimitError(body, start);
    if (problem !== undefined) throw this.#error(problem.code, problem.what, start);
    return nulEndsComment(body, start, lineFeed) ? lineKind.end : lineKind.comment;
  }

  #scanSeries(start: number): void {
    const body = this.#body;
    const { series } = this;
    const shared = this.#seriesStart < 0 ? -1 : series.share(this.#seriesStart, start);
    this.#seriesStart = start;
    let at = shared < 0 ? this.#scanName(start) : this.#behindLabel(shared);
    if (at < 0) return;
    while (body[at] !== braceClose) {
      at = body[at] === quote ? this.#scanQuotedName(at) : this.#scanLabel(at);
      if (at - start > maxLineBytes) throw lineLimitError(body, at);
    }
    if (series.nameStart < 0) {
      throw this.#error('EXPOSITION_BAD_START', 'the series has no metric name', start);
    }
    series.end = at + 1;
  }

  /** Reads a bare name, if there is one; returns the offset of the first label, or -1. */
  #scanName(start: number): number {
    const body = this.#body;
    let at = start;
    while (isNamePart(body[at]!)) at++;
    if (at > start) this.series.reset(start, at);
    else this.series.reset(-1, -1);
    const open = skipBlanks(body, at);
    return body[open] === braceOpen ? skipBlanks(body, open + 1) : -1;
  }

  /** Reads a metric name in quotes, or a label whose name is; returns the offset of the next token. */
  #scanQuotedName(start: number): number {
    const body = this.#body;
    const end = quotedNameEnd(body, start + 1);
    if (end === tooLong) throw lineLimitError(body, start);
    if (end <= start + 1) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'a quoted name is empty or does not end', start);
    }
    const at = skipBlanks(body, end + 1);
    if (body[at] !== comma && body[at] !== braceClose) {
      return this.#scanValue(start + 1, end, at);
    }
    if (this.series.nameStart >= 0) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'the series has a metric name already', start);
    }
    this.series.nameStart = start + 1;
    this.series.nameEnd = end;
    return body[at] === comma ? skipBlanks(body, at + 1) : at;
  }

  /** Reads one `name="value"`; returns the offset of the next token. */
  #scanLabel(start: number): number {
    const body = this.#body;
    let at = start;
    if (!isLabelStart(body[at]!)) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'a label name or } is expected', at);
    }
    while (isLabelPart(body[at]!)) at++;
    return this.#scanValue(start, at, skipBlanks(body, at));
  }

  /** Reads the `="value"` at `start` of the label `[nameStart, nameEnd)`, and a comma behind it. */
  #scanValue(nameStart: number, nameEnd: number, start: number): number {
    const body = this.#body;
    if (this.series.isFull) throw labelLimitError(body, nameStart);
    if (body[start] !== equals) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'an = is expected after the label name', start);
    }
    const open = skipBlanks(body, start + 1);
    if (body[open] !== quote) {
      throw this.#error('EXPOSITION_BAD_LABEL_VALUE', 'a quoted label value is expected', open);
    }
    const valueEnd = this.#scanQuoted(open + 1);
    this.series.add(nameStart, nameEnd, open + 1, valueEnd);
    return this.#behindLabel(valueEnd + 1);
  }

  /** Offset of the next token behind the label that ends at `end`. */
  #behindLabel(end: number): number {
    const body = this.#body;
    const at = skipBlanks(body, end);
    return body[at] === comma ? skipBlanks(body, at + 1) : at;
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
    if (end < body.length && end === start + maxLineBytes) throw lineLimitError(body, start);
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

  #error(code: ExpositionErrorCode, what: string, at: number): ExpositionError {
    return lineError(this.#body, code, what, at);
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
