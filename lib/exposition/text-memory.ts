import { backslash } from './bytes.ts';
import { unescapeText } from './quoted-names.ts';
import { isSameText } from './same-bytes.ts';
import { decodeUtf8 } from './text.ts';

/** Longer texts are not remembered; those that come again and again are names and bounds. */
const maxKeptBytes = 64;

/**
 * Makes strings of the names and label values of bodies, unescaped, and remembers the last ones:
 * values like those of `le` come again with every histogram, and names with every new series of
 * theirs. Making a string costs more than comparing its bytes, and whoever looks equal strings up
 * finds them faster when they are the same.
 */
export class TextMemory {
  #body: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Lengths of the remembered texts, 0 for none; their bytes are at `slot * maxKeptBytes`. */
  readonly #sizes: Uint8Array;
  #kept: Uint8Array = new Uint8Array(0);
  #keptView: DataView = new DataView(new ArrayBuffer(0));
  readonly #texts: string[] = [];
  readonly #slotShift: number;

  /** Remembers up to `1 << slotBits` texts. */
  constructor(slotBits: number) {
    this.#slotShift = 32 - slotBits;
    this.#sizes = new Uint8Array(1 << slotBits);
  }

  /** Turns to another body. */
  turnTo(body: Uint8Array): void {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** Text of `[start, end)`, or undefined when it is not UTF-8. */
  read(start: number, end: number): string | undefined {
    const size = end - start;
    if (size > maxKeptBytes || size === 0) return this.#decode(start, end);
    const slot = this.#slotOf(end, size);
    const at = slot * maxKeptBytes;
    if (this.#sizes[slot] === size && isSameText(this.#view, start, this.#keptView, at, size)) {
      return this.#texts[slot];
    }
    const text = this.#decode(start, end);
    if (text !== undefined) this.#keep(slot, text, start, size);
    return text;
  }

  #decode(start: number, end: number): string | undefined {
    const raw = decodeUtf8(this.#body, start, end);
    if (raw === undefined || !this.#hasEscapes(start, end)) return raw;
    return unescapeText(raw);
  }

  #hasEscapes(start: number, end: number): boolean {
    const body = this.#body;
    for (let at = start; at < end; at++) if (body[at] === backslash) return true;
    return false;
  }

  #keep(slot: number, text: string, start: number, size: number): void {
    if (this.#texts.length === 0) {
      // A target that never brings anything new needs none of it.
      const slots = this.#sizes.length;
      this.#kept = new Uint8Array(slots * maxKeptBytes);
      this.#keptView = new DataView(this.#kept.buffer);
      for (let at = 0; at < slots; at++) this.#texts.push('');
    }
    const kept = this.#kept;
    const body = this.#body;
    const to = slot * maxKeptBytes;
    for (let at = 0; at < size; at++) kept[to + at] = body[start + at]!;
    this.#sizes[slot] = size;
    this.#texts[slot] = text;
  }

  /** Texts mostly differ in their length or in one of their last twelve bytes. */
  #slotOf(end: number, size: number): number {
    const view = this.#view;
    let mixed = end >= 4 ? view.getInt32(end - 4, true) : 0;
    if (size >= 12) {
      mixed = Math.imul(mixed, 0x85ebca6b) ^ view.getInt32(end - 8, true);
      mixed = Math.imul(mixed, 0x85ebca6b) ^ view.getInt32(end - 12, true);
    }
    return Math.imul((mixed ^ (mixed >>> 15)) + size, 0x9e3779b1) >>> this.#slotShift;
  }
}
