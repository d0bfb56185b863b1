import { ByteReader, crc32c } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import type { ChunkMeta } from '../chunk/index.ts';
import { TsdbError, type TsdbErrorCode } from '../errors.ts';
import type { Labels } from '../labels.ts';
import {
  maxIndexSectionBytes,
  maxLabelsPerSeries,
  maxSeriesEntryBytes,
  maxTimeMs,
} from '../limits.ts';
import {
  indexHeaderBytes,
  indexMagic,
  readableIndexVersions,
  seriesAlignment,
  tocBytes,
  type IndexToc,
} from './layout.ts';

/** A series as the index has it: labels as positions in the symbol table. */
export interface RawSeries {
  /** Positions of names and values in turn. */
  readonly symbols: readonly number[];
  readonly chunks: readonly ChunkMeta[];
}

/** A series of an index; `ref` is its number there. */
export interface IndexSeries {
  readonly ref: number;
  readonly labels: Labels;
  readonly chunks: readonly ChunkMeta[];
}

/**
 * Reads an index file (docs/format/index.md). Checksums are verified before anything is believed,
 * every offset and count is bounded by the file. Symbols and the postings table are kept in memory
 * from their first use on.
 */
export class IndexReader {
  readonly toc: IndexToc;
  readonly version: number;
  readonly #source: ByteSource;
  #symbols: readonly string[] | undefined;
  #table: Map<string, Map<string, number>> | undefined;

  /** Checks header and table of contents. */
  constructor(source: ByteSource) {
    this.#source = source;
    if (source.size < indexHeaderBytes + tocBytes) {
      throw error('TSDB_TRUNCATED', 'too short for an index', 0);
    }
    const header = new ByteReader(source.read(0, indexHeaderBytes));
    if (header.u32be() !== indexMagic) throw error('TSDB_BAD_MAGIC', 'not an index', 0);
    this.version = header.u8();
    if (!readableIndexVersions.includes(this.version)) {
      throw error('TSDB_BAD_VERSION', `index version ${String(this.version)}`, 4);
    }
    this.toc = readToc(source);
  }

  /** The symbol table, kept. */
  symbols(): readonly string[] {
    return (this.#symbols ??= this.readSymbols());
  }

  /** The symbol table, read anew and not kept: for those who merge many indexes. */
  readSymbols(): string[] {
    const start = this.toc.symbols;
    const reader = this.#section(start, this.toc.series);
    const count = reader.u32be();
    if (count > reader.remaining) throw error('TSDB_CORRUPT', 'impossible symbol count', start);
    const symbols: string[] = [];
    for (let at = 0; at < count; at++) symbols.push(reader.str());
    finishSection(reader, 'symbols', start);
    return symbols;
  }

  /** Names of all labels, sorted by bytes. */
  labelNames(): string[] {
    return [...this.#postingsTable().keys()].filter((name) => name !== '');
  }

  /** Values of one label, sorted by bytes. */
  labelValues(name: string): string[] {
    return name === '' ? [] : [...(this.#postingsTable().get(name)?.keys() ?? [])];
  }

  /** Refs of the series that have the label with that value, ascending; empty when none has. */
  postings(name: string, value: string): Uint32Array<ArrayBuffer> {
    const offset = this.#postingsTable().get(name)?.get(value);
    return offset === undefined ? new Uint32Array(0) : this.#postingsAt(offset);
  }

  /** Refs of all series, ascending, which is in order of their label sets. */
  allPostings(): Uint32Array<ArrayBuffer> {
    return this.postings('', '');
  }

  /** The series with that ref. */
  series(ref: number): IndexSeries {
    const symbols = this.symbols();
    const { symbols: positions, chunks } = this.rawSeries(ref, symbols.length);
    return { ref, labels: positions.map((position) => symbols[position]!), chunks };
  }

  /** The series with that ref, without its texts; positions are checked against `symbolCount`. */
  rawSeries(ref: number, symbolCount: number): RawSeries {
    const start = ref * seriesAlignment;
    const reader = this.#seriesEntry(start);
    const labelCount = reader.uvarint();
    if (labelCount > maxLabelsPerSeries) throw error('TSDB_LIMIT', 'too many labels', start);
    const symbols: number[] = [];
    for (let at = 0; at < 2 * labelCount; at++) {
      const symbol = reader.uvarint();
      if (symbol >= symbolCount) throw error('TSDB_CORRUPT', 'symbol out of range', start);
      symbols.push(symbol);
    }
    const chunks = decodeChunkMetas(reader, start);
    finishSection(reader, 'series', start);
    return { symbols, chunks };
  }

  /** All that is given is decoded: the bytes that it came from are not in use any more. */
  release(): void {
    this.#source.release?.();
  }

  close(): void {
    this.#source.close?.();
  }

  #seriesEntry(start: number): ByteReader {
    const { series, labelIndices } = this.toc;
    if (start < series || start >= labelIndices) {
      throw error('TSDB_CORRUPT', 'series reference outside its section', start);
    }
    const prefix = new ByteReader(this.#source.read(start, Math.min(10, labelIndices - start)));
    const length = prefix.uvarint();
    const body = start + prefix.offset;
    if (prefix.error !== undefined || length > maxSeriesEntryBytes) {
      throw error('TSDB_CORRUPT', 'impossible length of a series', start);
    }
    if (body + length + 4 > labelIndices) {
      throw error('TSDB_TRUNCATED', 'series reaches beyond its section', start);
    }
    return checkedReader(this.#source.read(body, length + 4), start);
  }

  #postingsAt(start: number): Uint32Array<ArrayBuffer> {
    const { postings, postingsTable } = this.toc;
    if (start < postings || start >= postingsTable) {
      throw error('TSDB_CORRUPT', 'postings offset outside its section', start);
    }
    const reader = this.#section(start, postingsTable);
    const count = reader.u32be();
    if (count * 4 !== reader.remaining) {
      throw error('TSDB_CORRUPT', 'postings count differs from its length', start);
    }
    const refs = new Uint32Array(count);
    let previous = -1;
    for (let at = 0; at < count; at++) {
      const ref = reader.u32be();
      if (ref <= previous) throw error('TSDB_CORRUPT', 'postings do not ascend', start);
      refs[at] = previous = ref;
    }
    return refs;
  }

  #postingsTable(): Map<string, Map<string, number>> {
    if (this.#table !== undefined) return this.#table;
    const start = this.toc.postingsTable;
    const reader = this.#section(start, this.#source.size - tocBytes);
    const table = new Map<string, Map<string, number>>();
    const count = reader.u32be();
    for (let at = 0; at < count && reader.error === undefined; at++) {
      if (reader.uvarint() !== 2) throw error('TSDB_CORRUPT', 'postings table entry', start);
      const name = reader.str();
      const value = reader.str();
      const offset = reader.uvarint();
      let values = table.get(name);
      if (values === undefined) table.set(name, (values = new Map<string, number>()));
      values.set(value, offset);
    }
    finishSection(reader, 'postings table', start);
    return (this.#table = table);
  }

  /** Content of a section with a 32-bit length in front and a checksum behind. */
  #section(start: number, limit: number): ByteReader {
    if (start + 8 > limit) throw error('TSDB_CORRUPT', 'section outside its bounds', start);
    const length = new ByteReader(this.#source.read(start, 4)).u32be();
    if (start + 4 + length + 4 > limit) {
      throw error('TSDB_CORRUPT', 'section reaches beyond its bounds', start);
    }
    if (length > maxIndexSectionBytes) throw error('TSDB_LIMIT', 'index section too large', start);
    return checkedReader(this.#source.read(start + 4, length + 4), start);
  }
}

function readToc(source: ByteSource): IndexToc {
  const start = source.size - tocBytes;
  const reader = checkedReader(source.read(start, tocBytes), start);
  const toc: IndexToc = {
    symbols: reader.u64be(),
    series: reader.u64be(),
    labelIndices: reader.u64be(),
    labelOffsetTable: reader.u64be(),
    postings: reader.u64be(),
    postingsTable: reader.u64be(),
  };
  finishSection(reader, 'table of contents', start);
  const { symbols, series, labelIndices, postings, postingsTable } = toc;
  const bounds = [indexHeaderBytes, symbols, series, labelIndices, postings, postingsTable, start];
  for (let at = 1; at < bounds.length; at++) {
    if (bounds[at]! < bounds[at - 1]!) {
      throw error('TSDB_CORRUPT', 'sections out of order in the table of contents', start);
    }
  }
  return toc;
}

/** A reader over bytes whose last four are the checksum of the rest. */
function checkedReader(bytes: Uint8Array, offset: number): ByteReader {
  const end = bytes.length - 4;
  const stored = new ByteReader(bytes, end).u32be();
  if (crc32c(bytes, 0, end) !== stored) {
    throw new TsdbError('TSDB_BAD_CHECKSUM', 'index checksum differs', { offset, bytes });
  }
  return new ByteReader(bytes, 0, end);
}

function decodeChunkMetas(reader: ByteReader, offset: number): ChunkMeta[] {
  const count = reader.uvarint();
  // Three varints each: the entry's length bounds the memory.
  if (count * 3 > reader.remaining) throw error('TSDB_CORRUPT', 'impossible chunk count', offset);
  const chunks: ChunkMeta[] = [];
  let lastMaxt = 0;
  let lastRef = 0;
  for (let at = 0; at < count; at++) {
    const mint = at === 0 ? reader.varint() : lastMaxt + reader.uvarint();
    const maxt = mint + reader.uvarint();
    const ref = at === 0 ? reader.uvarint() : lastRef + reader.varint();
    if (Math.abs(mint) > maxTimeMs || Math.abs(maxt) > maxTimeMs) {
      throw error('TSDB_TIME_RANGE', 'chunk time out of range', offset);
    }
    if (!Number.isSafeInteger(ref) || ref < lastRef) {
      throw error('TSDB_CORRUPT', 'chunk reference out of range', offset);
    }
    chunks.push({ mint, maxt, ref });
    lastMaxt = maxt;
    lastRef = ref;
  }
  return chunks;
}

/** Throws when the section ended early or has bytes left. */
function finishSection(reader: ByteReader, what: string, offset: number): void {
  if (reader.error !== undefined) {
    throw new TsdbError('TSDB_CORRUPT', `index ${what}: ${reader.error.message}`, {
      offset,
      cause: reader.error,
    });
  }
  if (reader.remaining > 0) throw error('TSDB_CORRUPT', `index ${what}: bytes left over`, offset);
}

function error(code: TsdbErrorCode, message: string, offset: number): TsdbError {
  return new TsdbError(code, message, { offset });
}
