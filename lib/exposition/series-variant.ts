import { backslash, newline, quote } from './bytes.ts';
import type { ParsedBody } from './parsed-body.ts';
import { countSame, isSameText } from './same-bytes.ts';
import { pairStride, type SeriesTokens } from './series-tokens.ts';

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
