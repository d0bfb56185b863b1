import { unescapeText } from './quoted-names.ts';
import { isSame } from './same-bytes.ts';
import { decodeUtf8 } from './text.ts';

const slots = 256;

/**
 * Makes strings of the names and label values of one body, unescaped, and remembers the last ones:
 * values like those of `le` come again with every histogram. Making a string costs more than
 * comparing its bytes, and whoever looks equal strings up finds them faster when they are the same.
 */
export class TextMemory {
  #body: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #starts = new Int32Array(slots);
  readonly #sizes = new Int32Array(slots);
  #texts: string[] = [];

  /** Turns to another body. */
  turnTo(body: Uint8Array): void {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#sizes.fill(-1);
    this.#texts = [];
  }

  /** Text of `[start, end)`, or undefined when it is not UTF-8. */
  read(start: number, end: number): string | undefined {
    const size = end - start;
    const slot = this.#slotOf(end, size);
    if (
      this.#sizes[slot] === size &&
      isSame(this.#view, start, this.#view, this.#starts[slot]!, size)
    ) {
      return this.#texts[slot];
    }
    const raw = decodeUtf8(this.#body, start, end);
    if (raw === undefined) return undefined;
    this.#starts[slot] = start;
    this.#sizes[slot] = size;
    return (this.#texts[slot] = unescapeText(raw));
  }

  /** Texts mostly differ in their length or in their last bytes. */
  #slotOf(end: number, size: number): number {
    const last = end >= 4 ? this.#view.getInt32(end - 4, true) : 0;
    return Math.imul(last + size, 0x9e3779b1) >>> 24;
  }
}
