import { backslash } from './bytes.ts';
import { ExpositionError } from './errors.ts';
import { maxLabels } from './limits.ts';
import { pairStride, type LineLexer } from './line-lexer.ts';
import { decodeUtf8 } from './text.ts';

/** Name of the label that carries the metric name. */
const metricName = '__name__';

/**
 * Turns the tokens of a sample line into a flat list of label names and values, the metric name
 * first, in order of exposition, empty values included. Remembers the strings of the line before:
 * neighbours share most of their labels, and making a string costs more than comparing its bytes.
 */
export class LabelDecoder {
  #body: Uint8Array = new Uint8Array(0);
  /** Start and end of the text in each slot: the name, then label names and values in turn. */
  readonly #offsets = new Int32Array(2 * (1 + 2 * maxLabels));
  readonly #texts: string[] = [];

  /** Turns to another body. */
  reset(body: Uint8Array): void {
    this.#body = body;
    this.#texts.length = 0;
  }

  decode(lineStart: number, lexer: LineLexer): string[] {
    const labels = [metricName, this.#text(0, lineStart, lexer.nameEnd, lineStart)];
    for (let pair = 0; pair < lexer.pairCount; pair++) {
      const at = pair * pairStride;
      const { pairs } = lexer;
      const name = this.#text(2 * pair + 1, pairs[at]!, pairs[at + 1]!, lineStart);
      if (hasName(labels, name)) {
        throw new ExpositionError(
          'EXPOSITION_DUPLICATE_LABEL',
          'a label stands twice in one series',
          this.#body,
          pairs[at]!,
        );
      }
      const value = this.#text(2 * pair + 2, pairs[at + 2]!, pairs[at + 3]!, lineStart);
      labels.push(name, value.includes('\\') ? unescapeValue(value) : value);
    }
    return labels;
  }

  /** The text in `[start, end)`, taken from the line before when slot `slot` held the same bytes. */
  #text(slot: number, start: number, end: number, lineStart: number): string {
    const offsets = this.#offsets;
    const before = offsets[2 * slot]!;
    if (slot < this.#texts.length && this.#isSame(before, offsets[2 * slot + 1]!, start, end)) {
      offsets[2 * slot] = start;
      offsets[2 * slot + 1] = end;
      return this.#texts[slot]!;
    }
    const text = decodeUtf8(this.#body, start, end);
    if (text === undefined) {
      throw new ExpositionError(
        'EXPOSITION_BAD_UTF8',
        'a label value is not UTF-8',
        this.#body,
        Math.max(start, lineStart),
      );
    }
    this.#texts[slot] = text;
    offsets[2 * slot] = start;
    offsets[2 * slot + 1] = end;
    return text;
  }

  #isSame(startA: number, endA: number, startB: number, endB: number): boolean {
    if (endA - startA !== endB - startB) return false;
    const body = this.#body;
    for (let a = startA, b = startB; a < endA; a++, b++) if (body[a] !== body[b]) return false;
    return true;
  }
}

function hasName(labels: readonly string[], name: string): boolean {
  for (let at = 0; at < labels.length; at += 2) if (labels[at] === name) return true;
  return false;
}

/** Replaces `\\`, `\"` and `\n`; any other pair stays as it stands. */
function unescapeValue(text: string): string {
  const escape = String.fromCharCode(backslash);
  return text.replace(/\\[\\"n]/g, (pair) => {
    if (pair === '\\n') return '\n';
    return pair === '\\"' ? '"' : escape;
  });
}
