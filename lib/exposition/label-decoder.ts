import { ExpositionError } from './errors.ts';
import { maxLabels } from './limits.ts';
import { unescapeText } from './quoted-names.ts';
import { pairStride, type SeriesTokens } from './series-tokens.ts';
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

  decode(series: SeriesTokens): string[] {
    const { nameStart, nameEnd, pairCount, pairs } = series;
    const labels = [metricName, unescapeText(this.#text(0, nameStart, nameEnd))];
    for (let pair = 0; pair < pairCount; pair++) {
      const at = pair * pairStride;
      const name = unescapeText(this.#text(2 * pair + 1, pairs[at]!, pairs[at + 1]!));
      if (hasName(labels, name)) {
        throw new ExpositionError(
          'EXPOSITION_DUPLICATE_LABEL',
          'a label stands twice in one series',
          this.#body,
          pairs[at]!,
        );
      }
      const value = this.#text(2 * pair + 2, pairs[at + 2]!, pairs[at + 3]!);
      labels.push(name, unescapeText(value));
    }
    return labels;
  }

  /** The text in `[start, end)`, taken from the line before when slot `slot` held the same bytes. */
  #text(slot: number, start: number, end: number): string {
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
        'a name or label value is not UTF-8',
        this.#body,
        start,
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
