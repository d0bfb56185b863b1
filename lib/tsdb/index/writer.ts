import { ByteWriter, compareUtf8, crc32c } from '../../bytes/index.ts';
import type { ChunkMeta } from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import { maxIndexBytes } from '../limits.ts';
import {
  indexHeaderBytes,
  indexMagic,
  indexVersion,
  postingsAlignment,
  seriesAlignment,
  type IndexToc,
} from './layout.ts';
import { PostingsCollector } from './postings-collector.ts';

/** About what the table of postings has for a label: its name, its value and two numbers. */
const bytesPerTableEntry = 64;

/** Takes the bytes of a file in order. The bytes may be overwritten after the call. */
export interface ByteSink {
  write(bytes: Uint8Array): void;
}

/**
 * Writes an index file (docs/format/index.md) front to back: all symbols, then all series, then
 * {@link finish}. Wrong order is `TSDB_OUT_OF_ORDER`. In memory it keeps the symbols and one
 * 8-byte entry per label of each series.
 */
export class IndexWriter {
  readonly #sink: ByteSink;
  readonly #scratch = new ByteWriter(4096);
  readonly #framed = new ByteWriter(4096);
  readonly #postings = new PostingsCollector();
  readonly #symbols: readonly string[];
  readonly #seriesStart: number;
  #position = 0;
  #lastLabels: readonly number[] = [];
  #lastChunkRef = 0;
  readonly #isScattered: boolean;
  #isFinished = false;

  /**
   * Begins the file; `symbols` are all label names and values, sorted by bytes, each once. The chunks of one
   * series lie behind those of the one before, unless the block is `isScattered`.
   */
  constructor(sink: ByteSink, symbols: readonly string[], isScattered = false) {
    this.#sink = sink;
    this.#isScattered = isScattered;
    this.#symbols = symbols;
    this.#write(new ByteWriter(indexHeaderBytes).u32be(indexMagic).u8(indexVersion).finish());
    this.#writeSymbols();
    this.#seriesStart = this.#position;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#position;
  }

  /**
   * Appends a series and returns its ref. `labels` are positions in the symbols, names and values
   * in turn, names ascending; series come in order of their label sets.
   */
  addSeries(labels: readonly number[], chunks: readonly ChunkMeta[]): number {
    this.#checkStage();
    this.#checkLabels(labels);
    this.#checkChunks(chunks);
    this.#align(seriesAlignment);
    if (this.#position >= maxIndexBytes) throw new TsdbError('TSDB_LIMIT', 'index above 64 GiB');
    const ref = this.#position / seriesAlignment;
    const body = this.#scratch.reset().uvarint(labels.length / 2);
    for (const symbol of labels) body.uvarint(symbol);
    encodeChunkMetas(body, chunks);
    const bytes = body.finish();
    const framed = this.#framed.reset().uvarint(bytes.length).bytes(bytes);
    this.#write(framed.u32be(crc32c(bytes)).finish());
    this.#postings.add(ref, labels);
    this.#lastLabels = labels.slice();
    return ref;
  }

  /** Writes postings, their table and the TOC; the index is complete then. */
  finish(): IndexToc {
    this.#checkStage();
    this.#isFinished = true;
    const labelIndices = this.#position;
    const postings = this.#position;
    const table = this.#writePostings();
    const postingsTable = this.#position;
    this.#writePostingsTable(table);
    const toc: IndexToc = {
      symbols: indexHeaderBytes,
      series: this.#seriesStart,
      labelIndices,
      labelOffsetTable: postingsTable,
      postings,
      postingsTable,
    };
    this.#writeToc(toc);
    return toc;
  }

  #checkStage(): void {
    if (this.#isFinished) throw new TsdbError('TSDB_OUT_OF_ORDER', 'index is finished');
  }

  #writeSymbols(): void {
    // About as long as it becomes: what grows leaves its smaller selves behind.
    const aboutBytes = this.#symbols.reduce((sum, { length }) => sum + length + 2, 64);
    const section = new ByteWriter(aboutBytes).u32be(this.#symbols.length);
    let previous: string | undefined;
    for (const symbol of this.#symbols) {
      if (previous !== undefined && compareUtf8(previous, symbol) >= 0) {
        throw new TsdbError('TSDB_OUT_OF_ORDER', `symbol ${JSON.stringify(symbol)} out of order`);
      }
      section.str(symbol);
      previous = symbol;
    }
    this.#writeSection(section.finish());
  }

  #checkLabels(labels: readonly number[]): void {
    for (let at = 0; at < labels.length; at++) {
      const symbol = labels[at]!;
      if (!(symbol >= 0 && symbol < this.#symbols.length)) {
        throw new TsdbError('TSDB_OUT_OF_ORDER', `symbol ${String(symbol)} was not added`);
      }
      if (at >= 2 && at % 2 === 0 && symbol <= labels[at - 2]!) {
        throw new TsdbError('TSDB_OUT_OF_ORDER', 'labels of a series are not sorted');
      }
    }
    if (labels.length % 2 !== 0 || compareNumbers(labels, this.#lastLabels) <= 0) {
      const names = labels.map((symbol) => this.#symbols[symbol]);
      throw new TsdbError('TSDB_OUT_OF_ORDER', `series out of order: ${JSON.stringify(names)}`);
    }
  }

  #checkChunks(chunks: readonly ChunkMeta[]): void {
    let lastMaxt = -Infinity;
    if (this.#isScattered) this.#lastChunkRef = 0;
    for (const { mint, maxt, ref } of chunks) {
      if (!(mint > lastMaxt && maxt >= mint && ref >= this.#lastChunkRef)) {
        throw new TsdbError(
          'TSDB_OUT_OF_ORDER',
          `chunk [${String(mint)}, ${String(maxt)}] out of order`,
        );
      }
      lastMaxt = maxt;
      this.#lastChunkRef = ref;
    }
  }

  /** Writes all postings lists; returns what the table says of each. */
  #writePostings(): ByteWriter {
    const { listCount } = this.#postings;
    const table = new ByteWriter(bytesPerTableEntry * (listCount + 1)).u32be(listCount);
    const list = new ByteWriter(64 * 1024);
    for (const { name, value, refs } of this.#postings.lists()) {
      this.#align(postingsAlignment);
      const nameText = name === undefined ? '' : this.#symbols[name]!;
      const valueText = value === undefined ? '' : this.#symbols[value]!;
      table.uvarint(2).str(nameText).str(valueText).uvarint(this.#position);
      list.reset().u32be(refs.length);
      for (const ref of refs) list.u32be(ref);
      this.#writeSection(list.finish());
    }
    return table;
  }

  #writePostingsTable(table: ByteWriter): void {
    this.#writeSection(table.finish());
  }

  #writeToc(toc: IndexToc): void {
    const writer = new ByteWriter(64)
      .u64be(toc.symbols)
      .u64be(toc.series)
      .u64be(toc.labelIndices)
      .u64be(toc.labelOffsetTable)
      .u64be(toc.postings)
      .u64be(toc.postingsTable);
    this.#write(writer.u32be(crc32c(writer.finish())).finish());
  }

  /** Length, content, checksum of the content. */
  #writeSection(content: Uint8Array): void {
    if (content.length > 0xffff_ffff)
      throw new TsdbError('TSDB_LIMIT', 'index section above 4 GiB');
    this.#write(new ByteWriter(4).u32be(content.length).finish());
    this.#write(content);
    this.#write(new ByteWriter(4).u32be(crc32c(content)).finish());
  }

  #align(alignment: number): void {
    const over = this.#position % alignment;
    if (over > 0) this.#write(new Uint8Array(alignment - over));
  }

  #write(bytes: Uint8Array): void {
    this.#sink.write(bytes);
    this.#position += bytes.length;
  }
}

function encodeChunkMetas(body: ByteWriter, chunks: readonly ChunkMeta[]): void {
  body.uvarint(chunks.length);
  let lastMaxt = 0;
  let lastRef = 0;
  chunks.forEach(({ mint, maxt, ref }, at) => {
    if (at === 0) body.varint(mint);
    else body.uvarint(mint - lastMaxt);
    body.uvarint(maxt - mint);
    if (at === 0) body.uvarint(ref);
    else body.varint(ref - lastRef);
    lastMaxt = maxt;
    lastRef = ref;
  });
}

/** Order of label sets in symbol positions, which is the order of their texts. */
function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}
