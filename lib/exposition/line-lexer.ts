import { carriageReturn, newline } from './bytes.ts';
import { ExpositionError, type ExpositionErrorCode } from './errors.ts';
import { maxLabels, maxLineBytes } from './limits.ts';
import type { SeriesTokens } from './series-tokens.ts';
import type { ValueParser } from './value-parser.ts';

/** What a line turned out to be. */
export const lineKind = {
  /** A NUL byte where a line should start: the rest of the body is ignored, as Prometheus does. */
  end: 0,
  /** A comment, metadata or nothing. */
  comment: 1,
  sample: 2,
} as const;

export type LineKind = (typeof lineKind)[keyof typeof lineKind];

/** Stands in `timeMs` for a sample without a time of its own. */
export const noTime = -Infinity;

/**
 * Splits the lines of one body into tokens; the fields hold what the last call found. There is one
 * per format. Bodies must end in a newline.
 */
export interface LineLexer {
  /** Parses values alone. */
  readonly value: ValueParser;
  /** Low and high half of the value's bits. */
  readonly halves: Uint32Array;
  /** Name and labels of a sample. */
  readonly series: SeriesTokens;
  /** Where the value starts. */
  readonly valueStart: number;
  /** Offset behind the line's newline. */
  readonly lineEnd: number;
  /** Time after the value in milliseconds, or {@link noTime}. */
  timeMs: number;
  /** Turns to another body. */
  reset(body: Uint8Array): void;
  /** Reads the line at `start` up to its value; comments whole. */
  scan(start: number): LineKind;
  /** Reads what stands from the value at `start` on; false when it is not well formed. */
  tryValue(start: number): boolean;
  /** As {@link tryValue}, and says what is wrong. */
  readValue(start: number): void;
}

/** An error at `at` of a body. */
export function lineError(
  body: Uint8Array,
  code: ExpositionErrorCode,
  what: string,
  at: number,
): ExpositionError {
  const lineFeed = body.indexOf(newline, at);
  // Whatever else is wrong with such a line, this is what has to be mended.
  if (lineFeed > 0 && body[lineFeed - 1] === carriageReturn) {
    return new ExpositionError('EXPOSITION_CRLF', 'lines end in CR LF instead of LF', body, at);
  }
  return new ExpositionError(code, what, body, at);
}

export function lineLimitError(body: Uint8Array, at: number): ExpositionError {
  const what = `a line is longer than ${String(maxLineBytes)} bytes`;
  return lineError(body, 'EXPOSITION_LINE_LIMIT', what, at);
}

export function labelLimitError(body: Uint8Array, at: number): ExpositionError {
  const what = `a series has more than ${String(maxLabels)} labels`;
  return lineError(body, 'EXPOSITION_LABEL_LIMIT', what, at);
}
