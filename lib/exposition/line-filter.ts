import type { ParsedBody } from './parsed-body.ts';

/** Bits per line, of which each sets two: of the hashes that no line has about one in two hundred is taken for known. */
const bitsPerLine = 32;

/** So many words are kept although the body became far smaller. */
const idleWords = 4096;

/**
 * Tells that no line of a body has a hash, for a fraction of what looking through the lines costs. It may say
 * of other hashes that there is such a line. Built once, it stays good from body to body as long as every line
 * that is no repetition is met: what is gone stays in it until it is built anew.
 */
export class LineFilter {
  #bits = new Int32Array(0);
  /** Lines that may come until too many hashes are in it; negative when it is to be built. */
  #room = -1;

  get sizeBytes(): number {
    return this.#bits.byteLength;
  }

  /** Whether it knows the lines of the bodies at hand. */
  get isBuilt(): boolean {
    return this.#room >= 0;
  }

  /** Takes over all lines of two bodies that follow each other. */
  build(before: ParsedBody, next: ParsedBody): void {
    let size = 64;
    while (32 * size < bitsPerLine * before.count) size *= 2;
    if (this.#bits.length === size) this.#bits.fill(0);
    else this.#bits = new Int32Array(size);
    this.#room = size >>> 1;
    for (const { count, layout } of [before, next]) {
      for (let line = 0; line < count; line++) this.#set(layout.hash[line]!);
    }
  }

  /** Begins with a body behind one of `lines` lines: is to be built anew when too much has come. */
  turn(lines: number): void {
    const isTooLarge = this.#bits.length > lines + idleWords;
    if (isTooLarge) this.#bits = new Int32Array(0);
    if (isTooLarge || this.#room === 0) this.#room = -1;
  }

  /** Whether there may be a line with this hash, which is one of its lines from now on. */
  meet(hash: number): boolean {
    const bits = this.#bits;
    const word = (hash >>> 5) & (bits.length - 1);
    const own = bitsOf(hash);
    const known = bits[word]!;
    if ((known & own) === own) return true;
    bits[word] = known | own;
    if (this.#room > 0) this.#room--;
    return false;
  }

  #set(hash: number): void {
    const bits = this.#bits;
    bits[(hash >>> 5) & (bits.length - 1)]! |= bitsOf(hash);
  }
}

/** The bits of a hash in its word. */
function bitsOf(hash: number): number {
  return (1 << (hash & 31)) | (1 << (hash >>> 27));
}
