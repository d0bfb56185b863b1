import { ExpositionError } from './errors.ts';
import { maxLabels } from './limits.ts';
import { unescapeText } from './quoted-names.ts';
import { isSame } from './same-bytes.ts';
import { pairStride, type SeriesTokens } from './series-tokens.ts';
import { decodeUtf8 } from './text.ts';

/** Name of the label that carries the metric name. */
const metricName = '__name__';

/**
 * Turns the tokens of a sample line into a flat list of label names and values, the metric name
 * first, in order of exposition, empty values included. Remembers the strings of the series before:
 * neighbours share most of their labels. Making a string costs more than comparing its bytes, and
 * whoever looks equal strings up finds them faster when they are the same.
 */
export class LabelDecoder {
  #body: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Start and end of the text in each slot: the name, then label names and values in turn. */
  readonly #offsets = new Int32Array(2 * (1 + 2 * maxLabels));
  /** The series before, without its first entry: what stands in each slot. */
  #texts: string[] = [];

  /** Turns to another body. */
  reset(body: Uint8Array): void {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#texts = [];
  }

  decode(series: SeriesTokens): string[] {
    const { nameStart, nameEnd, pairCount, pairs } = series;
    const hadNames = this.#texts.length === 1 + 2 * pairCount;
    if (this.#texts.length > 1 + 2 * pairCount) this.#texts.length = 1 + 2 * pairCount;
    this.#read(0, nameStart, nameEnd);
    let isRenamed = !hadNames;
    for (let pair = 0; pair < pairCount; pair++) {
      const at = pair * pairStride;
      if (this.#read(2 * pair + 1, pairs[at]!, pairs[at + 1]!)) isRenamed = true;
      this.#read(2 * pair + 2, pairs[at + 2]!, pairs[at + 3]!);
    }
    if (isRenamed) this.#checkNames(series);
    return [metricName, ...this.#texts];
  }

  /** Reads the text in `[start, end)`; false when the series before had the same bytes in `slot`. */
  #read(slot: number, start: number, end: number): boolean {
    const offsets = this.#offsets;
    const before = offsets[2 * slot]!;
    const size = offsets[2 * slot + 1]! - before;
    offsets[2 * slot] = start;
    offsets[2 * slot + 1] = end;
    const isKnown =
      slot < this.#texts.length &&
      size === end - start &&
      isSame(this.#view, start, this.#view, before, size);
    if (!isKnown) this.#texts[slot] = unescapeText(this.#decode(start, end));
    return !isKnown;
  }

  #decode(start: number, end: number): string {
    const text = decodeUtf8(this.#body, start, end);
    if (text !== undefined) return text;
    const what = 'a name or label value is not UTF-8';
    throw new ExpositionError('EXPOSITION_BAD_UTF8', what, this.#body, start);
  }

  /** Throws when a label stands twice. */
  #checkNames({ pairCount, pairs }: SeriesTokens): void {
    const texts = this.#texts;
    for (let pair = 0; pair < pairCount; pair++) {
      const name = texts[2 * pair + 1];
      let isTwice = name === metricName;
      for (let other = 0; other < pair; other++) isTwice ||= texts[2 * other + 1] === name;
      if (!isTwice) continue;
      const what = 'a label stands twice in one series';
      const at = pairs[pair * pairStride]!;
      throw new ExpositionError('EXPOSITION_DUPLICATE_LABEL', what, this.#body, at);
    }
  }
}
