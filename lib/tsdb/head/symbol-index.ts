import { systemRng, type Rng } from '../../runtime/index.ts';

/** Entries at first; a power of two, and few for the reason of `grown-size.ts`. */
const initialEntries = 32;

/**
 * Finds the numbers of texts. A `Map` would do the same, but a text that is not in it costs the
 * engine a microsecond: it looks for the text among all of its own unique strings first, and keeps
 * it there. Open addressing with linear probing, at most half full; hash and number lie side by
 * side, so that a look-up mostly waits for memory once. Who sends the texts must not be able to
 * choose hashes: the multiplier is random.
 */
export class SymbolIndex {
  readonly #texts: readonly string[];
  readonly #seed: number;
  /** Odd. */
  readonly #multiplier: number;
  /** Hash and number + 1 of each entry, 0 for none. */
  #entries = new Int32Array(2 * initialEntries);
  #mask = initialEntries - 1;
  #count = 0;

  /** `texts` holds, by number, every text that was added. */
  constructor(texts: readonly string[], rng: Rng = systemRng) {
    this.#texts = texts;
    const random = new DataView(rng.bytes(8).buffer);
    this.#seed = random.getInt32(0);
    this.#multiplier = random.getInt32(4) | 1;
  }

  /** Number of a text, or -1. */
  find(text: string): number {
    const hash = this.#hashOf(text);
    const entries = this.#entries;
    const mask = this.#mask;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const id = entries[2 * at + 1]!;
      if (id === 0) return -1;
      // Unlike ===, which may make the text one of the unique strings.
      if (entries[2 * at] === hash && Object.is(this.#texts[id - 1], text)) return id - 1;
    }
  }

  /** Adds the text of a number; it must not be there. */
  add(id: number): void {
    this.#count++;
    if (2 * this.#count > this.#mask + 1) this.#grow();
    this.#put(this.#hashOf(this.#texts[id]!), id + 1);
  }

  /** Takes out a number, whose text is still known, and closes the gap. */
  delete(id: number): void {
    const entries = this.#entries;
    const mask = this.#mask;
    let gap = this.#hashOf(this.#texts[id]!) & mask;
    while (entries[2 * gap + 1] !== id + 1) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; entries[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = entries[2 * at]! & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      entries[2 * gap] = entries[2 * at]!;
      entries[2 * gap + 1] = entries[2 * at + 1]!;
      gap = at;
    }
    entries[2 * gap + 1] = 0;
    this.#count--;
  }

  #put(hash: number, entry: number): void {
    const entries = this.#entries;
    const mask = this.#mask;
    let at = hash & mask;
    while (entries[2 * at + 1] !== 0) at = (at + 1) & mask;
    entries[2 * at] = hash;
    entries[2 * at + 1] = entry;
  }

  #grow(): void {
    const before = this.#entries;
    this.#entries = new Int32Array(2 * before.length);
    this.#mask = before.length - 1;
    for (let at = 0; at < before.length; at += 2) {
      if (before[at + 1] !== 0) this.#put(before[at]!, before[at + 1]!);
    }
  }

  #hashOf(text: string): number {
    const multiplier = this.#multiplier;
    const { length } = text;
    let hash = this.#seed ^ length;
    for (let at = 0; at < length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), multiplier);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }
}
