import { systemRng, type Rng } from '../../runtime/index.ts';
import { grownTableSize } from './grown-size.ts';

/** Entries at first; a power of two, and few for the reason of `grown-size.ts`. */
const initialEntries = 32;

/** Entries per word of the filter: at most four texts, of which each sets two bits. */
const entriesPerWord = 8;

/** The filter is made for so many texts at least, in 64 KiB: making it anew means going through all entries. */
const idleTexts = 65_536;

/** Texts that wait for their entries: so many that putting them in waits for memory together. */
const maxWaiting = 256;

/**
 * Finds the numbers of texts. A `Map` would do the same, but a text that is not in it costs the
 * engine a microsecond: it looks for the text among all of its own unique strings first, and keeps
 * it there. Open addressing with linear probing, at most half full; hash and number lie side by
 * side, so that a look-up mostly waits for memory once. Who sends the texts must not be able to
 * choose hashes: the multiplier is random.
 *
 * A text that is new, as label values of new series are, does not wait for memory at all: a filter a sixteenth
 * as large says that it is not there, and entries are made for many at a time.
 */
export class SymbolIndex {
  readonly #texts: readonly string[];
  readonly #seed: number;
  /** Odd. */
  readonly #multiplier: number;
  /** Hash and number + 1 of each entry, 0 for none. */
  #entries = new Int32Array(2 * initialEntries);
  #mask = initialEntries - 1;
  /** Two bits for each text, in one word; of texts that are gone as well. */
  #filter = new Int32Array(initialEntries / entriesPerWord);
  /** Texts that the filter may still take. */
  #filterRoom = initialEntries / 2;
  /** Texts that have an entry or wait for one. */
  #count = 0;
  /** Hash and number + 1 of the texts that wait. */
  readonly #waiting = new Int32Array(2 * maxWaiting);
  #waitingCount = 0;

  /** `texts` holds, by number, every text that was added. */
  constructor(texts: readonly string[], rng: Rng = systemRng) {
    this.#texts = texts;
    const random = new DataView(rng.bytes(8).buffer);
    this.#seed = random.getInt32(0);
    this.#multiplier = random.getInt32(4) | 1;
  }

  /** Number of a text, or -1. */
  find(text: string): number {
    return this.findHashed(text, this.hashOf(text));
  }

  /** As {@link find}, of a text whose hash is known. */
  findHashed(text: string, hash: number): number {
    const bits = bitsOf(hash);
    if ((this.#filter[(hash >>> 10) & (this.#filter.length - 1)]! & bits) !== bits) return -1;
    if (this.#waitingCount > 0) this.#enter();
    const entries = this.#entries;
    const mask = this.#mask;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const id = entries[2 * at + 1]!;
      if (id === 0) return -1;
      // Unlike ===, which may make the text one of the unique strings.
      if (entries[2 * at] === hash && Object.is(this.#texts[id - 1], text)) return id - 1;
    }
  }

  /** Adds the text of a number, whose hash is known; it must not be there. */
  add(id: number, hash: number): void {
    if (this.#waitingCount === maxWaiting) this.#enter();
    if (this.#filterRoom === 0) this.#makeFilter();
    this.#filterRoom--;
    this.#filter[(hash >>> 10) & (this.#filter.length - 1)]! |= bitsOf(hash);
    const at = 2 * this.#waitingCount++;
    this.#waiting[at] = hash;
    this.#waiting[at + 1] = id + 1;
    this.#count++;
  }

  /** Takes out a number, whose text is still known, and closes the gap. */
  delete(id: number): void {
    if (this.#waitingCount > 0) this.#enter();
    const entries = this.#entries;
    const mask = this.#mask;
    let gap = this.hashOf(this.#texts[id]!) & mask;
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

  /** Makes the entries of those that wait. */
  #enter(): void {
    if (2 * this.#count > this.#mask + 1) this.#grow();
    const waiting = this.#waiting;
    const end = 2 * this.#waitingCount;
    for (let at = 0; at < end; at += 2) this.#put(waiting[at]!, waiting[at + 1]!);
    this.#waitingCount = 0;
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
    const size = grownTableSize(before.length / 2, this.#count);
    this.#entries = new Int32Array(2 * size);
    this.#mask = size - 1;
    for (let at = 0; at < before.length; at += 2) {
      if (before[at + 1] !== 0) this.#put(before[at]!, before[at + 1]!);
    }
  }

  /** Makes the filter anew for twice as many texts as there are at least. */
  #makeFilter(): void {
    if (this.#waitingCount > 0) this.#enter();
    let room = idleTexts;
    while (room < 2 * this.#count) room *= 2;
    const filter = new Int32Array((2 * room) / entriesPerWord);
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += 2) {
      if (entries[at + 1] === 0) continue;
      const hash = entries[at]!;
      filter[(hash >>> 10) & (filter.length - 1)]! |= bitsOf(hash);
    }
    this.#filter = filter;
    this.#filterRoom = room - this.#count;
  }

  /** Hashes of the first `count` of some texts. */
  hashEach(texts: readonly string[], count: number, hashes: Int32Array): void {
    for (let at = 0; at < count; at++) hashes[at] = this.hashOf(texts[at]!);
  }

  /** Hash of a text, for this index alone. */
  hashOf(text: string): number {
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

/** The bits of a text in its word of the filter. */
function bitsOf(hash: number): number {
  return (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31));
}
