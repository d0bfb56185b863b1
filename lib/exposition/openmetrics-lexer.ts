import {
  blank,
  braceClose,
  braceOpen,
  comma,
  equals,
  hash,
  isNamePart,
  isNameStart,
  newline,
  quote,
} from './bytes.ts';
import type { ExpositionError, ExpositionErrorCode } from './errors.ts';
import { maxLineBytes } from './limits.ts';
import {
  lineError,
  lineKind,
  lineLimitError,
  noTime,
  type LineKind,
  type LineLexer,
} from './line-lexer.ts';
import { readOpenMetricsComment } from './metadata.ts';
import { isEofLine, readLabel, scanExemplarLabels } from './openmetrics-labels.ts';
import { quotedNameEnd, tooLong } from './quoted-names.ts';
import { SeriesTokens } from './series-tokens.ts';
import { outOfRange, ValueParser } from './value-parser.ts';

/**
 * Splits the lines of an OpenMetrics body (docs/format/exposition.md) into tokens, as strict as
 * Prometheus 2.48: one blank where blanks are, no free comments, `# EOF` at the end and nothing
 * behind it. Names in quotes are read as Prometheus 3 does. Exemplars are checked and skipped.
 */
export class OpenMetricsLexer implements LineLexer {
  readonly value = new ValueParser();
  readonly halves = this.value.halves;
  readonly series = new SeriesTokens();
  #body: Uint8Array = new Uint8Array(0);
  /** Parses times and the numbers of exemplars. */
  readonly #side = new ValueParser();
  readonly #sideNumber = new Float64Array(this.#side.halves.buffer);
  /** Where the last series began that the next one may share labels with; -1 without. */
  #seriesStart = -1;
  valueStart = 0;
  lineEnd = 0;
  timeMs = noTime;
  /** Where {@link tryValue} stopped, and why. */
  #failedAt = 0;
  #failure: ExpositionErrorCode = 'EXPOSITION_BAD_VALUE';

  reset(body: Uint8Array): void {
    this.#body = body;
    this.series.turnTo(body);
    this.#seriesStart = -1;
  }

  scan(start: number): LineKind {
    const body = this.#body;
    const first = body[start]!;
    if (first === hash) return this.#scanComment(start);
    if (first !== braceOpen && !isNameStart(first)) {
      const what = 'a line starts with a metric name, # or {, and none is empty';
      throw this.#error('EXPOSITION_BAD_START', what, start);
    }
    this.#scanSeries(start);
    const { end } = this.series;
    if (body[end] !== blank) {
      throw this.#error('EXPOSITION_BAD_VALUE', 'a blank and a value are expected', end);
    }
    this.valueStart = end + 1;
    return lineKind.sample;
  }

  tryValue(start: number): boolean {
    const body = this.#body;
    let at = this.value.parse(body, start);
    if (at < 0) {
      return this.#fail(
        at === outOfRange ? 'EXPOSITION_VALUE_RANGE' : 'EXPOSITION_BAD_VALUE',
        start,
      );
    }
    this.timeMs = noTime;
    if (body[at] === blank && !this.#isExemplar(at)) at = this.#parseTime(at + 1);
    if (at >= 0 && this.#isExemplar(at)) at = this.#skipExemplar(at);
    if (at < 0) return false;
    if (body[at] !== newline) return this.#fail('EXPOSITION_BAD_TIMESTAMP', at);
    this.lineEnd = at + 1;
    return true;
  }

  readValue(start: number): void {
    if (!this.tryValue(start)) {
      throw this.#error(this.#failure, failures[this.#failure] ?? 'wrong', this.#failedAt);
    }
  }

  #scanComment(start: number): LineKind {
    const body = this.#body;
    if (isEofLine(body, start)) {
      this.lineEnd = start + 6;
      if (this.lineEnd === body.length) return lineKind.comment;
      throw this.#error('EXPOSITION_AFTER_EOF', 'nothing may follow # EOF', this.lineEnd);
    }
    const { lineFeed, problem } = readOpenMetricsComment(body, start);
    this.lineEnd = lineFeed + 1;
    if (lineFeed - start > maxLineBytes) throw lineLimitError(body, start);
    if (problem !== undefined) throw this.#error(problem.code, problem.what, start);
    return lineKind.comment;
  }

  #scanSeries(start: number): void {
    const body = this.#body;
    const { series } = this;
    const shared = this.#seriesStart < 0 ? -1 : series.share(this.#seriesStart, start);
    this.#seriesStart = start;
    if (shared >= 0) {
      series.end = this.#scanLabels(this.#behindLabel(shared, false), start) + 1;
      return;
    }
    let at = start;
    while (isNamePart(body[at]!)) at++;
    if (at > start) series.reset(start, at);
    else series.reset(-1, -1);
    if (body[at] !== braceOpen) return;
    series.end = this.#scanLabels(at + 1, start) + 1;
    if (series.nameStart >= 0) return;
    throw this.#error('EXPOSITION_BAD_START', 'the series has no metric name', start);
  }

  /** Reads the labels from `start` up to the closing brace, whose offset it returns. */
  #scanLabels(start: number, lineStart: number): number {
    const body = this.#body;
    let at = start;
    let hasQuotedName = false;
    while (body[at] !== braceClose) {
      if (body[at] === quote) {
        at = this.#scanQuotedName(at);
        hasQuotedName = true;
        // What may stand behind it depends on this name, which the next series might take over.
        this.#seriesStart = -1;
      } else at = readLabel(body, at, this.series);
      if (at - lineStart > maxLineBytes) throw lineLimitError(body, at);
      at = this.#behindLabel(at, hasQuotedName);
    }
    return at;
  }

  /** Offset of the next label or of the closing brace behind the label that ends at `end`. */
  #behindLabel(end: number, hasQuotedName: boolean): number {
    const body = this.#body;
    if (body[end] === braceClose) return end;
    if (body[end] !== comma) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'a comma or } is expected', end);
    }
    // Only the version of Prometheus that reads quoted names takes a comma behind the last one.
    if (body[end + 1] === braceClose && !hasQuotedName) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'a label name is expected', end + 1);
    }
    return end + 1;
  }

  /** Reads a metric name in quotes, or a label whose name is; returns the offset behind it. */
  #scanQuotedName(start: number): number {
    const body = this.#body;
    const end = quotedNameEnd(body, start + 1);
    if (end === tooLong) throw lineLimitError(body, start);
    if (end <= start + 1) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'a quoted name is empty or does not end', start);
    }
    const behind = body[end + 1];
    if (behind === equals) return readLabel(body, start, this.series);
    if (behind !== comma && behind !== braceClose) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'an =, a comma or } is expected', end + 1);
    }
    if (this.series.nameStart >= 0) {
      throw this.#error('EXPOSITION_BAD_LABEL', 'the series has a metric name already', start);
    }
    this.series.nameStart = start + 1;
    this.series.nameEnd = end;
    return end + 1;
  }

  #isExemplar(at: number): boolean {
    const body = this.#body;
    return (
      body[at] === blank &&
      body[at + 1] === hash &&
      body[at + 2] === blank &&
      body[at + 3] === braceOpen
    );
  }

  /** Reads the time in seconds at `start`; returns the offset behind it, or -1. */
  #parseTime(start: number): number {
    const at = this.#parseSeconds(start);
    if (at < 0) return at;
    const timeMs = Math.trunc(this.#sideNumber[0]! * 1000) + 0;
    this.timeMs = Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, timeMs));
    return at;
  }

  #parseSeconds(start: number): number {
    const at = this.#side.parse(this.#body, start);
    if (at >= 0 && Number.isFinite(this.#sideNumber[0])) return at;
    this.#fail('EXPOSITION_BAD_TIMESTAMP', start);
    return -1;
  }

  /** Checks the exemplar at `start`; returns the offset of the newline behind it, or -1. */
  #skipExemplar(start: number): number {
    const body = this.#body;
    let at = scanExemplarLabels(body, start + 4);
    if (at >= 0 && body[at] === blank) at = this.#side.parse(body, at + 1);
    else at = -1;
    if (at >= 0 && body[at] === blank) at = this.#parseSeconds(at + 1);
    if (at >= 0 && body[at] === newline) return at;
    this.#fail('EXPOSITION_BAD_EXEMPLAR', start);
    return -1;
  }

  #fail(code: ExpositionErrorCode, at: number): false {
    this.#failure = code;
    this.#failedAt = at;
    return false;
  }

  #error(code: ExpositionErrorCode, what: string, at: number): ExpositionError {
    return lineError(this.#body, code, what, at);
  }
}

/** What is wrong behind a series, by code. */
const failures: Partial<Record<ExpositionErrorCode, string>> = {
  EXPOSITION_BAD_VALUE: 'not a number',
  EXPOSITION_VALUE_RANGE: 'the value does not fit into 64 bits',
  EXPOSITION_BAD_TIMESTAMP: 'after the value only a time in seconds or an exemplar may stand',
  EXPOSITION_BAD_EXEMPLAR: 'the exemplar is not well formed',
};
