import { ExpositionError } from './errors.ts';
import { maxLabels } from './limits.ts';
import { isSameText } from './same-bytes.ts';
import { pairStride, type SeriesTokens } from './series-tokens.ts';
import { decodeUtf8 } from './text.ts';
import { TextMemory } from './text-memory.ts';

/** Name of the label that carries the metric name. */
const metricName = '__name__';

/** Bits that number the remembered names of metrics and labels, and label values. */
const nameSlotBits = 8;
const valueSlotBits = 9;

/**
 * Turns the tokens of a sample line into a flat list of label names and values, the metric name
 * first, in order of exposition, empty values included. Neighbours share most of their labels: what
 * stands where it stood in the series before is compared and taken over.
 */
export class LabelDecoder {
  #body: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Apart, because values that come only once would drive out names that always come again. */
  readonly #names = new TextMemory(nameSlotBits);
  readonly #values = new TextMemory(valueSlotBits);
  /** Start and end of the text in each slot: the name, then label names and values in turn. */
  readonly #offsets = new Int32Array(2 * (1 + 2 * maxLabels));
  /**
   * The labels of the series before: behind the first entry what stands in each slot. As long as
   * any series may be, so that the engine never sees it grow.
   */
  readonly #labels = emptyLabels();
  /** How many entries of it are those of the series before. */
  #count = 1;

  /** Turns to another body. */
  reset(body: Uint8Array): void {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#labels.fill('', 1);
    this.#count = 1;
    this.#names.turnTo(body);
    this.#values.turnTo(body);
  }

  decode(series: SeriesTokens): string[] {
    const { nameStart, nameEnd, pairCount, pairs } = series;
    const length = 2 + 2 * pairCount;
    let isRenamed = this.#count !== length;
    this.#read(0, nameStart, nameEnd);
    for (let pair = 0; pair < pairCount; pair++) {
      const at = pair * pairStride;
      if (this.#read(2 * pair + 1, pairs[at]!, pairs[at + 1]!)) isRenamed = true;
      this.#read(2 * pair + 2, pairs[at + 2]!, pairs[at + 3]!);
    }
    this.#count = length;
    if (isRenamed) this.#checkNames(series);
    return this.#labels.slice(0, length);
  }

  /** Reads the text in `[start, end)`; false when the series before had the same bytes in `slot`. */
  #read(slot: number, start: number, end: number): boolean {
    const offsets = this.#offsets;
    const before = offsets[2 * slot]!;
    const size = offsets[2 * slot + 1]! - before;
    offsets[2 * slot] = start;
    offsets[2 * slot + 1] = end;
    const isKnown =
      slot + 1 < this.#count &&
      size === end - start &&
      isSameText(this.#view, start, this.#view, before, size);
    if (!isKnown) {
      const isValue = slot > 0 && slot % 2 === 0;
      this.#labels[slot + 1] = isValue ? this.value(start, end) : this.name(start, end);
    }
    return !isKnown;
  }

  /** Name of a metric or label, unescaped. */
  name(start: number, end: number): string {
    return this.#names.read(start, end) ?? this.#refuse(start);
  }

  /** Label value, unescaped. */
  value(start: number, end: number): string {
    return this.#values.read(start, end) ?? this.#refuse(start);
  }

  /** A label value that has no escapes and mostly comes only once: not remembered. */
  plainValue(start: number, end: number): string {
    return decodeUtf8(this.#body, start, end) ?? this.#refuse(start);
  }

  #refuse(start: number): never {
    const what = 'a name or label value is not UTF-8';
    throw new ExpositionError('EXPOSITION_BAD_UTF8', what, this.#body, start);
  }

  /** Throws when a label stands twice. */
  #checkNames({ pairCount, pairs }: SeriesTokens): void {
    const labels = this.#labels;
    for (let pair = 0; pair < pairCount; pair++) {
      const name = labels[2 * pair + 2];
      let isTwice = false;
      for (let other = 0; other <= pair; other++) isTwice ||= labels[2 * other] === name;
      if (!isTwice) continue;
      const what = 'a label stands twice in one series';
      const at = pairs[pair * pairStride]!;
      throw new ExpositionError('EXPOSITION_DUPLICATE_LABEL', what, this.#body, at);
    }
  }
}

function emptyLabels(): string[] {
  const labels = Array.from({ length: 2 + 2 * maxLabels }, () => '');
  labels[0] = metricName;
  return labels;
}
