import {
  backslash,
  braceClose,
  comma,
  equals,
  isLabelPart,
  isLabelStart,
  newline,
  quote,
} from './bytes.ts';
import { maxLineBytes } from './limits.ts';
import { labelLimitError, lineError, lineLimitError } from './line-lexer.ts';
import { quotedNameEnd } from './quoted-names.ts';
import type { SeriesTokens } from './series-tokens.ts';
import { decodeUtf8 } from './text.ts';

/** The line that ends a body. */
const eofLine = [35, 32, 69, 79, 70, newline];

/** Whether the line at `start` is `# EOF`. */
export function isEofLine(body: Uint8Array, start: number): boolean {
  return eofLine.every((byte, at) => body[start + at] === byte);
}

/** Adds the `name="value"` at `start` to `series`; returns the offset behind it or throws. */
export function readLabel(body: Uint8Array, start: number, series: SeriesTokens): number {
  if (series.isFull) throw labelLimitError(body, start);
  const isQuoted = body[start] === quote;
  const nameStart = isQuoted ? start + 1 : start;
  const nameEnd = isQuoted ? quotedNameEnd(body, nameStart) : bareLabelEnd(body, start);
  if (nameEnd <= nameStart) {
    throw lineError(body, 'EXPOSITION_BAD_LABEL', 'a label name or } is expected', start);
  }
  const at = isQuoted ? nameEnd + 1 : nameEnd;
  if (body[at] !== equals) {
    throw lineError(body, 'EXPOSITION_BAD_LABEL', 'an = is expected after the label name', at);
  }
  const valueStart = at + 2;
  const valueEnd = body[at + 1] === quote ? valueEndAt(body, valueStart) : -1;
  if (valueEnd < 0) {
    if (valueEnd === valueTooLong) throw lineLimitError(body, start);
    const what = 'a label value in quotes on the same line is expected';
    throw lineError(body, 'EXPOSITION_BAD_LABEL_VALUE', what, at + 1);
  }
  series.add(nameStart, nameEnd, valueStart, valueEnd);
  return valueEnd + 1;
}

/** Offset behind the brace that closes the exemplar's labels, which begin at `start`, or -1. */
export function scanExemplarLabels(body: Uint8Array, start: number): number {
  let at = start;
  while (body[at] !== braceClose) {
    at = exemplarLabelEnd(body, at);
    if (at < 0 || at - start > maxLineBytes) return -1;
    if (body[at] === braceClose) break;
    if (body[at] !== comma || body[++at] === braceClose) return -1;
  }
  return at + 1;
}

function exemplarLabelEnd(body: Uint8Array, start: number): number {
  const isQuoted = body[start] === quote;
  const nameEnd = isQuoted ? valueEndAt(body, start + 1) + 1 : bareLabelEnd(body, start);
  if (nameEnd <= start || body[nameEnd] !== equals || body[nameEnd + 1] !== quote) return -1;
  const end = valueEndAt(body, nameEnd + 2);
  if (end < 0 || body.subarray(nameEnd + 2, end).includes(0)) return -1;
  return decodeUtf8(body, nameEnd + 2, end) === undefined ? -1 : end + 1;
}

function bareLabelEnd(body: Uint8Array, start: number): number {
  if (!isLabelStart(body[start]!)) return -1;
  let at = start + 1;
  while (isLabelPart(body[at]!)) at++;
  return at;
}

const valueTooLong = -2;

/** Offset of the quote that closes the value at `start`, -1 when the line ends before, or too long. */
function valueEndAt(body: Uint8Array, start: number): number {
  const end = Math.min(body.length, start + maxLineBytes);
  for (let at = start; at < end; at++) {
    const byte = body[at];
    if (byte === quote) return at;
    if (byte === newline) return -1;
    if (byte !== backslash) continue;
    // As in the text format: Prometheus' lexer does not see NUL bytes inside a value.
    do at++;
    while (body[at] === 0);
    if (body[at] === newline) return -1;
  }
  return end < body.length ? valueTooLong : -1;
}
