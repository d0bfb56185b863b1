import { rmSync } from 'node:fs';

import { ByteReader, ByteWriter, compareUtf8 } from '../../bytes/index.ts';
import type { ChunkMeta } from '../chunk/index.ts';
import type { Labels } from '../labels.ts';
import { FileSink } from './file-sink.ts';
import { FileSource } from './file-source.ts';

/** Length and count in front of each spooled series. */
const lengthBytes = 4;

/**
 * Keeps the series of a block in a temporary file until all symbols are known: an index begins
 * with its symbols, and only those that occur may stand there.
 */
export class SeriesSpool {
  readonly #path: string;
  readonly #sink: FileSink;
  readonly #scratch = new ByteWriter(4096);
  /** Symbols in order of appearance, which is the numbering in the file. */
  readonly #numbers = new Map<string, number>();
  #count = 0;
  /** Chunks are written as differences to the chunk before, over all series that are read in their order. */
  #lastChunk = { mint: 0, ref: 0 };
  /** Where each series is and what it is called, when they come in any order. */
  readonly #entries: Entry[] | undefined;
  #length = 0;

  constructor(path: string, isUnordered = false) {
    this.#path = path;
    this.#entries = isUnordered ? [] : undefined;
    this.#sink = new FileSink(path);
  }

  add(labels: Labels, chunks: readonly ChunkMeta[]): void {
    const writer = this.#scratch.reset().u32be(0).uvarint(labels.length);
    const numbers = labels.map((text) => this.#number(text));
    for (const number of numbers) writer.uvarint(number);
    writer.uvarint(chunks.length);
    this.#entries?.push({ at: this.#length, numbers: Uint32Array.from(numbers) });
    if (this.#entries !== undefined) this.#lastChunk = { mint: 0, ref: 0 };
    let { mint: lastMint, ref: lastRef } = this.#lastChunk;
    for (const { mint, maxt, ref } of chunks) {
      writer
        .varint(mint - lastMint)
        .uvarint(maxt - mint)
        .varint(ref - lastRef);
      lastMint = mint;
      lastRef = ref;
    }
    this.#lastChunk = { mint: lastMint, ref: lastRef };
    writer.patchU32be(0, writer.length - lengthBytes);
    this.#length += writer.length;
    this.#sink.write(writer.finish());
    this.#count++;
  }

  /** All symbols sorted by bytes; afterwards only {@link series} may be called. */
  finish(): { symbols: string[]; series: () => Generator<SpooledSeries> } {
    this.#sink.close(true);
    const symbols = [...this.#numbers.keys()].sort(compareUtf8);
    const ranks = new Uint32Array(symbols.length);
    symbols.forEach((symbol, rank) => (ranks[this.#numbers.get(symbol)!] = rank));
    const entries = this.#entries;
    if (entries === undefined) return { symbols, series: () => this.#read(ranks) };
    for (const { numbers } of entries) {
      numbers.forEach((number, place) => (numbers[place] = ranks[number]!));
    }
    entries.sort((a, b) => compareRanks(a.numbers, b.numbers));
    return { symbols, series: () => this.#readSorted(ranks, entries) };
  }

  /** Removes the file, whatever state it is in. */
  remove(): void {
    this.#sink.abandon();
    rmSync(this.#path, { force: true });
  }

  #number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) this.#numbers.set(text, (number = this.#numbers.size));
    return number;
  }

  *#read(ranks: Uint32Array): Generator<SpooledSeries> {
    const source = new FileSource(this.#path);
    try {
      let at = 0;
      const last = { mint: 0, ref: 0 };
      for (let read = 0; read < this.#count; read++) {
        const bytes = entryAt(source, at);
        at += lengthBytes + bytes.length;
        yield decode(new ByteReader(bytes), ranks, last);
        source.release();
      }
    } finally {
      source.close();
    }
  }

  *#readSorted(ranks: Uint32Array, entries: readonly Entry[]): Generator<SpooledSeries> {
    const source = new FileSource(this.#path);
    try {
      for (const { at } of entries) {
        yield decode(new ByteReader(entryAt(source, at)), ranks, { mint: 0, ref: 0 });
        source.release();
      }
    } finally {
      source.close();
    }
  }
}

/** A series by its place in the file and its labels as numbers. */
interface Entry {
  readonly at: number;
  readonly numbers: Uint32Array;
}

function entryAt(source: FileSource, at: number): Uint8Array {
  const length = new ByteReader(source.read(at, lengthBytes)).u32be();
  return source.read(at + lengthBytes, length);
}

function compareRanks(a: Uint32Array, b: Uint32Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}

/** A series with its labels as positions in the sorted symbols. */
export interface SpooledSeries {
  readonly symbols: readonly number[];
  readonly chunks: readonly ChunkMeta[];
}

/** Decodes a series; `last` is the chunk before, and then the last one of this series. */
function decode(
  reader: ByteReader,
  ranks: Uint32Array,
  last: { mint: number; ref: number },
): SpooledSeries {
  const symbols: number[] = [];
  for (let left = reader.uvarint(); left > 0; left--) symbols.push(ranks[reader.uvarint()]!);
  const chunks: ChunkMeta[] = [];
  for (let left = reader.uvarint(); left > 0; left--) {
    last.mint += reader.varint();
    const maxt = last.mint + reader.uvarint();
    last.ref += reader.varint();
    chunks.push({ mint: last.mint, maxt, ref: last.ref });
  }
  reader.check();
  return { symbols, chunks };
}
