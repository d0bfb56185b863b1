import type { SeriesTable, SymbolTable } from '../head/index.ts';

/** First byte of a record that names series (docs/format/wal.md). */
const seriesRecordType = 1;

/** Bytes of a reference and of the longest count of labels. */
const maxSeriesHeaderBytes = 8 + 5;

/**
 * Encoded texts that are kept, by the low bits of their symbols: names and the like come again and again, and
 * reading a string costs the engine some nanoseconds for each of its characters.
 */
const keptTexts = 256;
/** Bytes for each, its length included. */
const keptBytes = 64;

const textEncoder = new TextEncoder();

/**
 * Encodes series records straight from the head, as `encodeSeriesRecord` does from lists of labels:
 * the first scrape of a target brings thousands of series at once, nearly all in short ASCII texts.
 * Neighbours share most labels, whose bytes are copied from one to the next.
 */
export class SeriesEncoder {
  /** Few at first: see `grown-size.ts`. */
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** Symbols of the series before, where its texts begin in the record, and where the last one ends. */
  #ids = new Int32Array(32);
  #starts = new Int32Array(33);
  #count = 0;
  /** What is kept: of which symbols, and how many bytes each; the symbols stand for the same texts as long as none is forgotten. */
  readonly #kept = new DataView(new ArrayBuffer(keptTexts * keptBytes));
  readonly #keptIds = new Int32Array(keptTexts).fill(-1);
  readonly #keptSizes = new Uint8Array(keptTexts);
  #keptOf: SymbolTable | undefined;
  #forgotten = 0;
  #isKeeping = false;

  /** The series of the live ones among `refs` as one record; a view, valid until the next call. */
  encode(series: SeriesTable, refs: Int32Array): Uint8Array | undefined {
    this.#at = 0;
    this.#count = 0;
    // The many of a first scrape would drive each other out before they come again.
    this.#isKeeping = refs.length <= keptTexts;
    this.#checkKept(series.symbols);
    this.#u8(seriesRecordType);
    for (let at = 0; at < refs.length; at++) {
      const ref = refs[at]!;
      const slot = series.slotOf(ref);
      if (slot !== 0) this.#series(series, slot, ref);
    }
    return this.#at === 1 ? undefined : this.#bytes.subarray(0, this.#at);
  }

  #series(series: SeriesTable, slot: number, ref: number): void {
    this.#reserve(maxSeriesHeaderBytes);
    this.#view.setInt32(this.#at, 0);
    this.#view.setInt32(this.#at + 4, ref);
    this.#at += 8;
    const start = series.pairsAt[slot]!;
    const length = series.pairsLength[slot]!;
    this.#uvarint(length / 2);
    if (length > this.#ids.length) this.#forget(length);
    const { pairs } = series;
    const ids = this.#ids;
    const known = Math.min(length, this.#count);
    this.#count = length;
    for (let at = 0; at < length;) {
      let end = at;
      while (end < known && ids[end] === pairs[start + end]) end++;
      if (end > at) this.#copy(at, end);
      else {
        end = at + 1;
        const id = pairs[start + at]!;
        this.#starts[at] = this.#at;
        ids[at] = id;
        this.#symbol(id, series.symbols);
      }
      at = end;
    }
    this.#starts[length] = this.#at;
  }

  /** Copies texts `[at, end)` of the series before. */
  #copy(at: number, end: number): void {
    const from = this.#starts[at]!;
    const to = this.#starts[end]!;
    const shift = this.#at - from;
    this.#reserve(to - from + 3);
    this.#copyWords(this.#view, from, to - from);
    for (let text = at; text < end; text++) this.#starts[text]! += shift;
  }

  /** Appends `size` bytes of a view; three more are read, and room for as many is there. */
  #copyWords(source: DataView, from: number, size: number): void {
    const view = this.#view;
    const to = this.#at;
    for (let done = 0; done < size; done += 4)
      view.setInt32(to + done, source.getInt32(from + done));
    this.#at = to + size;
  }

  /** Gives up what is kept when a symbol may stand for another text by now. */
  #checkKept(symbols: SymbolTable): void {
    if (symbols === this.#keptOf && symbols.forgotten === this.#forgotten) return;
    this.#keptIds.fill(-1);
    this.#keptOf = symbols;
    this.#forgotten = symbols.forgotten;
  }

  /** The text of a symbol with its length in front. */
  #symbol(id: number, symbols: SymbolTable): void {
    const slot = id & (keptTexts - 1);
    const keptAt = slot * keptBytes;
    if (this.#keptIds[slot] === id) {
      this.#reserve(keptBytes);
      this.#copyWords(this.#kept, keptAt, this.#keptSizes[slot]!);
      return;
    }
    const start = this.#at;
    this.#text(symbols.text(id));
    const size = this.#at - start;
    if (!this.#isKeeping || size > keptBytes - 3) return;
    // Up to three bytes behind it are whatever is there.
    this.#reserve(3);
    for (let done = 0; done < size; done += 4)
      this.#kept.setInt32(keptAt + done, this.#view.getInt32(start + done));
    this.#keptIds[slot] = id;
    this.#keptSizes[slot] = size;
  }

  /** Makes room for series of `length` texts. */
  #forget(length: number): void {
    this.#ids = new Int32Array(length);
    this.#starts = new Int32Array(length + 1);
    this.#count = 0;
  }

  /** A text with its length in front. */
  #text(text: string): void {
    const { length } = text;
    // A UTF-16 unit takes at most three bytes, a length at most five.
    this.#reserve(3 * length + 5);
    const bytes = this.#bytes;
    const start = this.#at;
    if (length < 0x80) {
      bytes[start] = length;
      let at = 0;
      for (; at < length; at++) {
        const unit = text.charCodeAt(at);
        if (unit >= 0x80) break;
        bytes[start + 1 + at] = unit;
      }
      if (at === length) {
        this.#at = start + 1 + length;
        return;
      }
    }
    const encoded = textEncoder.encode(text);
    this.#uvarint(encoded.length);
    this.#bytes.set(encoded, this.#at);
    this.#at += encoded.length;
  }

  #uvarint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#u8((rest & 0x7f) | 0x80);
    this.#u8(rest);
  }

  #u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * this.#bytes.length + count);
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
