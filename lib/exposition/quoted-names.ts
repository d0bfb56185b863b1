import { backslash, newline, quote } from './bytes.ts';
import { maxLineBytes } from './limits.ts';

/** The text has no closing quote, or something stands in it that may not. */
export const notQuoted = -1;
/** The text is longer than a line may be. */
export const tooLong = -2;

/**
 * Offset of the quote that closes the name whose first byte behind the opening quote is at
 * `start`, or one of the negative numbers above. Any UTF-8 may stand in a quoted name, raw
 * newlines included, but no NUL byte; a backslash takes the byte behind it along.
 */
export function quotedNameEnd(body: Uint8Array, start: number): number {
  const end = Math.min(body.length, start + maxLineBytes);
  for (let at = start; at < end; at++) {
    const byte = body[at];
    if (byte === quote) return at;
    if (byte === 0) return notQuoted;
    if (byte === backslash) {
      at++;
      if (body[at] === newline || body[at] === 0) return notQuoted;
    }
  }
  return end < body.length ? tooLong : notQuoted;
}

/** Replaces `\\`, `\"` and `\n`; any other pair stays as it stands. */
export function unescapeText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\[\\"n]/g, (pair) => {
    if (pair === '\\n') return '\n';
    return pair === '\\"' ? '"' : '\\';
  });
}
