import { firstEntries, grownSize } from './grown-size.ts';
import { SymbolIndex } from './symbol-index.ts';

/** Shorter strings are always stored by their own characters (V8 slices from 13 on). */
const maxFlatLength = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The distinct label names and values of the head, each known by a small number, so that a label
 * set is a list of integers. Numbers of texts that no series uses any more are given out again.
 */
export class SymbolTable {
  readonly #texts: string[] = [];
  readonly #index = new SymbolIndex(this.#texts);
  readonly #free: number[] = [];
  #uses = new Uint32Array(firstEntries);
  #forgotten = 0;

  /** Numbers are below this. */
  get size(): number {
    return this.#texts.length;
  }

  /** How many texts were forgotten: as long as it stays as it is, numbers stand for the same texts. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Number of a text, or -1. */
  find(text: string): number {
    return this.#index.find(text);
  }

  /** Text of a number that is in use; an empty text for a free one. */
  text(id: number): string {
    return this.#texts[id] ?? '';
  }

  /** Hash of a text, with which it is found and added for less. */
  hashOf(text: string): number {
    return this.#index.hashOf(text);
  }

  /** As {@link find}, of a text with this hash. */
  findHashed(text: string, hash: number): number {
    return this.#index.findHashed(text, hash);
  }

  /** Number of a text, which gains one use. */
  acquire(text: string): number {
    const hash = this.#index.hashOf(text);
    const id = this.#index.findHashed(text, hash);
    return id < 0 ? this.acquireNew(text, hash) : this.acquireId(id);
  }

  /**
   * As {@link acquire}, of each of the first `count` texts but those with a negative entry in `skip`. Gives the
   * numbers, and tells which texts are new.
   */
  acquireEach(
    texts: readonly string[],
    count: number,
    skip: Int32Array,
    ids: Int32Array,
    isNew: Uint8Array,
  ): void {
    this.#index.hashEach(texts, count, ids);
    for (let at = 0; at < count; at++) {
      if (skip[at]! < 0) continue;
      const hash = ids[at]!;
      const known = this.#index.findHashed(texts[at]!, hash);
      isNew[at] = known < 0 ? 1 : 0;
      ids[at] = known < 0 ? this.acquireNew(texts[at]!, hash) : this.acquireId(known);
    }
  }

  /** Gives each of the numbers `[from, to)` of a list one more use. */
  acquireIds(ids: Int32Array, from: number, to: number): void {
    const uses = this.#uses;
    for (let at = from; at < to; at++) uses[ids[at]!]!++;
  }

  /** As {@link acquire}, of a text with this hash that {@link find} has just not found. */
  acquireNew(text: string, hash: number): number {
    const texts = this.#texts;
    const flat = flatten(text);
    const freed = this.#free.length === 0 ? undefined : this.#free.pop();
    const id = freed ?? texts.length;
    if (id >= this.#uses.length) this.#growUses(id + 1);
    if (freed === undefined) texts.push(flat);
    else texts[id] = flat;
    this.#uses[id] = 1;
    this.#index.add(id, hash);
    return id;
  }

  /** Gives a number that is in use one more. */
  acquireId(id: number): number {
    this.#uses[id]!++;
    return id;
  }

  /** Takes back one use; the text of the last use is forgotten. */
  release(id: number): void {
    if (--this.#uses[id]! > 0) return;
    this.#forgotten++;
    this.#index.delete(id);
    this.#texts[id] = '';
    this.#free.push(id);
  }

  #growUses(size: number): void {
    const grown = new Uint32Array(grownSize(this.#uses.length, size));
    grown.set(this.#uses);
    this.#uses = grown;
  }
}

/** A copy that does not keep the body alive which the text was cut from. */
function flatten(text: string): string {
  return text.length <= maxFlatLength ? text : decoder.decode(encoder.encode(text));
}
