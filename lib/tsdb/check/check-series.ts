import { ByteReader } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import type { ChunkMeta } from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import type { IndexReader } from '../index/index.ts';
import type { Findings } from './finding.ts';
import { checkPadding } from './section.ts';
import type { SeriesPairs } from './series-pairs.ts';

/** Series entries begin at multiples of this. */
const alignment = 16;

/** Takes each series of an index in order; `isWhole` says that none before it was damaged. */
export type SeriesVisitor = (ref: number, chunks: readonly ChunkMeta[], isWhole: boolean) => void;

/** What was met in the series section. */
export interface SeriesTally {
  series: number;
  chunks: number;
  /** Whether every entry could be read. */
  isWhole: boolean;
}

/** Walks over the series section of an index, entry by entry. */
export class SeriesCheck {
  readonly tally: SeriesTally = { series: 0, chunks: 0, isWhole: true };
  readonly #index: IndexReader;
  readonly #source: ByteSource;
  readonly #path: string;
  readonly #findings: Findings;
  readonly #symbols: readonly string[];
  readonly #used: Uint8Array;
  readonly #pairs: SeriesPairs;
  /** Refs of all series as the postings have them; read when an entry is damaged. */
  #known: Uint32Array | undefined;
  #knownAt = 0;
  #last: readonly number[] = [];
  #lastChunkRef = 0;

  constructor(
    index: IndexReader,
    source: ByteSource,
    path: string,
    findings: Findings,
    symbols: readonly string[],
    pairs: SeriesPairs,
  ) {
    this.#index = index;
    this.#source = source;
    this.#path = path;
    this.#findings = findings;
    this.#symbols = symbols;
    this.#used = new Uint8Array(symbols.length);
    this.#pairs = pairs;
  }

  walk(visit: SeriesVisitor): void {
    const { series, labelIndices: end } = this.#index.toc;
    let at = series;
    while (at < end) {
      const start = Math.ceil(at / alignment) * alignment;
      checkPadding(this.#source, at, Math.min(start, end), this.#path, this.#findings);
      if (start >= end) break;
      const next = this.#entry(start, visit);
      if (next !== undefined) at = next;
      else {
        this.tally.isWhole = false;
        const known = this.#seriesBehind(start);
        if (known === undefined) return;
        at = known;
      }
    }
    this.#tellUnused();
  }

  /** Checks the entry at `start`; returns the byte behind it, or undefined when it is damaged. */
  #entry(start: number, visit: SeriesVisitor): number | undefined {
    return this.#findings.guard(
      this.#path,
      () => {
        const { labelIndices } = this.#index.toc;
        const ref = start / alignment;
        const { symbols, chunks } = this.#index.rawSeries(ref, this.#symbols.length);
        const prefix = this.#source.read(start, Math.min(10, labelIndices - start));
        const reader = new ByteReader(prefix);
        const length = reader.uvarint();
        this.#checkLabels(start, symbols);
        this.#checkChunks(start, chunks);
        this.#pairs.add(ref, symbols);
        this.tally.series++;
        this.tally.chunks += chunks.length;
        visit(ref, chunks, this.tally.isWhole);
        return start + reader.offset + length + 4;
      },
      start,
    );
  }

  #checkLabels(start: number, symbols: readonly number[]): void {
    for (let at = 0; at < symbols.length; at++) this.#used[symbols[at]!] = 1;
    for (let at = 0; at < symbols.length; at += 2) {
      if (at > 0 && symbols[at]! <= symbols[at - 2]!) {
        this.#order(start, 'labels of a series are not sorted by name');
      }
      if (this.#symbols[symbols[at]!] === '' || this.#symbols[symbols[at + 1]!] === '') {
        this.#order(start, 'a label of a series has no name or no value');
      }
    }
    if (symbols.length === 0) this.#order(start, 'a series has no labels');
    if (this.tally.series > 0 && compareNumbers(this.#last, symbols) >= 0) {
      this.#order(start, 'series are not sorted by their labels');
    }
    this.#last = symbols;
  }

  #checkChunks(start: number, chunks: readonly ChunkMeta[]): void {
    if (chunks.length === 0) {
      this.#findings.warning('CHECK_UNUSED', this.#path, 'a series has no chunks', start);
    }
    for (let at = 0; at < chunks.length; at++) {
      const { mint, ref } = chunks[at]!;
      if (at > 0 && mint <= chunks[at - 1]!.maxt) {
        this.#order(start, 'chunks of a series overlap each other');
      }
      // Equal is wrong too, and told when the chunk is looked at.
      if (ref < this.#lastChunkRef) this.#order(start, 'chunk references go backwards');
      this.#lastChunkRef = ref;
    }
  }

  #order(offset: number, message: string): void {
    this.#findings.error('CHECK_ORDER', this.#path, message, offset);
  }

  /** Offset of the first series behind `start` that the postings know: a way past damage. */
  #seriesBehind(start: number): number | undefined {
    this.#known ??= this.#readKnown();
    const { length } = this.#known;
    while (this.#knownAt < length && this.#known[this.#knownAt]! * alignment <= start)
      this.#knownAt++;
    return this.#knownAt < length ? this.#known[this.#knownAt]! * alignment : undefined;
  }

  #readKnown(): Uint32Array {
    try {
      return this.#index.allPostings();
    } catch (error) {
      // The postings are damaged too, which their own check tells.
      if (error instanceof TsdbError) return new Uint32Array(0);
      throw error;
    }
  }

  #tellUnused(): void {
    if (!this.tally.isWhole) return;
    // Prometheus begins its tables with the empty text, which nothing refers to.
    const first = this.#used.findIndex((isUsed, at) => isUsed === 0 && this.#symbols[at] !== '');
    if (first < 0) return;
    const count = this.#used.reduce((sum, isUsed) => sum + (isUsed === 0 ? 1 : 0), 0);
    const message = `${String(count)} symbols that no series uses, the first is number ${String(first)}`;
    this.#findings.note('CHECK_UNUSED', this.#path, message, this.#index.toc.symbols);
  }
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}
