import type { BlockReader, Interval } from '../block/index.ts';
import type { ChunkMeta } from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import type { Labels } from '../labels.ts';
import { uniteSymbols, type SymbolUnion } from './symbol-union.ts';

/** What one source has of a series. */
export interface SeriesPart {
  readonly block: BlockReader;
  readonly chunks: readonly ChunkMeta[];
  /** Deleted times. */
  readonly deleted: readonly Interval[];
}

/** A series of one or more sources; `parts` are in the order of the sources. */
export interface MergedSeries {
  readonly labels: Labels;
  readonly parts: readonly SeriesPart[];
}

/** Walks over the series of one source. */
class Cursor {
  readonly block: BlockReader;
  /** Place in the list of sources: lower wins. */
  readonly order: number;
  /** Labels of the present series as positions in the united symbols. */
  labels: readonly number[] = [];
  chunks: readonly ChunkMeta[] = [];
  ref = 0;
  readonly #ranks: Uint32Array;
  readonly #postings: Uint32Array;
  #at = -1;

  constructor(block: BlockReader, order: number, ranks: Uint32Array) {
    this.block = block;
    this.order = order;
    this.#ranks = ranks;
    this.#postings = block.index.allPostings();
  }

  get total(): number {
    return this.#postings.length;
  }

  /** Moves to the next series; false when there is none. */
  next(): boolean {
    if (++this.#at >= this.#postings.length) return false;
    this.ref = this.#postings[this.#at]!;
    const { symbols, chunks } = this.block.index.rawSeries(this.ref, this.#ranks.length);
    const labels = symbols.map((symbol) => this.#ranks[symbol]!);
    if (this.#at > 0 && compareRanks(this.labels, labels) >= 0) {
      throw new TsdbError('TSDB_CORRUPT', `series out of order in block ${this.block.meta.ulid}`);
    }
    this.labels = labels;
    this.chunks = chunks;
    return true;
  }

  part(): SeriesPart {
    const deleted = this.block.tombstones.get(this.ref) ?? [];
    return { block: this.block, chunks: this.chunks, deleted };
  }
}

/** Merges the series of several blocks by their label sets. */
export class SeriesMerge {
  /** Series of all sources, counted once per source. */
  readonly total: number;
  /** How many of {@link total} were consumed. */
  done = 0;
  readonly #union: SymbolUnion;
  /** Binary heap of the cursors that have a series, least first. */
  readonly #heap: Cursor[] = [];

  constructor(blocks: readonly BlockReader[]) {
    this.#union = uniteSymbols(blocks.map((block) => block.index.readSymbols()));
    const cursors = blocks.map((block, at) => new Cursor(block, at, this.#union.ranks[at]!));
    this.total = cursors.reduce((sum, cursor) => sum + cursor.total, 0);
    for (const cursor of cursors) if (cursor.next()) this.#push(cursor);
  }

  *series(): Generator<MergedSeries> {
    const { symbols } = this.#union;
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      const ranks = first.labels;
      const parts: SeriesPart[] = [];
      for (let top = first; compareRanks(top.labels, ranks) === 0;) {
        parts.push(top.part());
        this.done++;
        this.#advanceTop();
        const following = this.#heap[0];
        if (following === undefined) break;
        top = following;
      }
      yield { labels: ranks.map((rank) => symbols[rank]!), parts };
    }
  }

  /** Moves the least cursor on, or drops it when it has ended. */
  #advanceTop(): void {
    const top = this.#heap[0]!;
    if (top.next()) {
      this.#sink(top);
      return;
    }
    const last = this.#heap.pop()!;
    if (last !== top) this.#sink(last);
  }

  #push(cursor: Cursor): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(cursor);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compareCursors(heap[parent]!, cursor) <= 0) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = cursor;
  }

  /** Puts `cursor` into the place of the top and lets it sink to where it belongs. */
  #sink(cursor: Cursor): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && compareCursors(heap[child + 1]!, heap[child]!) < 0) child++;
      if (compareCursors(cursor, heap[child]!) <= 0) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = cursor;
  }
}

function compareCursors(a: Cursor, b: Cursor): number {
  const order = compareRanks(a.labels, b.labels);
  return order === 0 ? a.order - b.order : order;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}
