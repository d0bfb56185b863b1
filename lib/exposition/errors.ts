import { excerptChars } from './limits.ts';

/** Codes of {@link ExpositionError}. */
export type ExpositionErrorCode =
  | 'EXPOSITION_BAD_START'
  | 'EXPOSITION_BAD_LABEL'
  | 'EXPOSITION_BAD_LABEL_VALUE'
  | 'EXPOSITION_BAD_UTF8'
  | 'EXPOSITION_DUPLICATE_LABEL'
  | 'EXPOSITION_BAD_VALUE'
  | 'EXPOSITION_VALUE_RANGE'
  | 'EXPOSITION_BAD_TIMESTAMP'
  | 'EXPOSITION_BAD_TYPE'
  | 'EXPOSITION_BAD_METADATA'
  | 'EXPOSITION_BAD_UNIT'
  | 'EXPOSITION_BAD_EXEMPLAR'
  | 'EXPOSITION_NO_EOF'
  | 'EXPOSITION_AFTER_EOF'
  | 'EXPOSITION_CRLF'
  | 'EXPOSITION_LINE_LIMIT'
  | 'EXPOSITION_LABEL_LIMIT'
  | 'EXPOSITION_BODY_LIMIT'
  | 'EXPOSITION_SAMPLE_LIMIT';

/** A body that is not of its format, or more of it than is allowed. The whole body fails. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
  readonly code: ExpositionErrorCode;
  /** Line of the body, counted from 1. */
  readonly line: number;
  /** Byte of the body where reading failed. */
  readonly offset: number;
  /** The beginning of that line, printable, short enough for a message. */
  readonly excerpt: string;

  constructor(code: ExpositionErrorCode, what: string, body: Uint8Array, offset: number) {
    const line = lineNumber(body, offset);
    const excerpt = excerptAt(body, offset);
    super(`line ${String(line)}: ${what}: ${excerpt}`);
    this.code = code;
    this.line = line;
    this.offset = offset;
    this.excerpt = excerpt;
  }
}

function lineNumber(body: Uint8Array, offset: number): number {
  let line = 1;
  for (let at = body.indexOf(10); at !== -1 && at < offset; at = body.indexOf(10, at + 1)) line++;
  return line;
}

/** The line around `offset`; of a long line the part that leads up to it. */
function excerptAt(body: Uint8Array, offset: number): string {
  const at = Math.min(offset, body.length);
  const lineStart = at === 0 ? 0 : body.lastIndexOf(10, at - 1) + 1;
  const start = Math.max(lineStart, at - excerptChars / 2);
  const newline = body.indexOf(10, at);
  const lineEnd = newline === -1 ? body.length : newline;
  let text = start > lineStart ? '…' : '';
  let end = start;
  // Unprintable bytes take four characters each: the text is bounded, too.
  while (end < lineEnd && end - start < excerptChars && text.length < excerptChars) {
    text += printable(body[end++] ?? 0);
  }
  return `"${end < lineEnd ? `${text}…` : text}"`;
}

function printable(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  if (byte === 13) return '\\r';
  if (byte === 9) return '\\t';
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
