import type { ByteSource } from '../byte-source.ts';
import { SegmentReader, chunkSampleCount, splitChunkRef } from '../chunk/index.ts';
import type { ChunkEntry, ChunkMeta } from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import { IndexReader, type IndexSeries } from '../index/index.ts';
import type { BlockMeta } from './meta.ts';
import type { Tombstones } from './tombstones.ts';

/** What a block is read from. */
export interface BlockSources {
  readonly meta: BlockMeta;
  readonly index: ByteSource;
  /** Segment files in order of their numbers, from `000001` on. */
  readonly segments: readonly ByteSource[];
  /** None when the block has no tombstones file. */
  readonly tombstones?: Tombstones;
}

/**
 * Reads a block. Nothing is read before it is asked for, apart from the headers; what is read is
 * checked. Tombstones are not applied here: whoever reads samples applies them.
 */
export class BlockReader {
  readonly meta: BlockMeta;
  readonly index: IndexReader;
  readonly tombstones: Tombstones;
  readonly #sources: readonly ByteSource[];
  readonly #segments: (SegmentReader | undefined)[];

  constructor(sources: BlockSources) {
    this.meta = sources.meta;
    this.index = new IndexReader(sources.index);
    this.tombstones = sources.tombstones ?? new Map();
    this.#sources = sources.segments;
    this.#segments = sources.segments.map(() => undefined);
  }

  /** Series with the given refs (ascending), or all, in order of their label sets. */
  *series(postings: Uint32Array = this.index.allPostings()): Generator<IndexSeries> {
    for (const ref of postings) yield this.index.series(ref);
  }

  /** The chunk that the index refers to, checked against its checksum. */
  chunk(meta: ChunkMeta): Required<ChunkEntry> {
    const { segment, offset } = splitChunkRef(meta.ref);
    const { encoding, data } = this.#segment(segment).chunkAt(offset);
    return {
      mint: meta.mint,
      maxt: meta.maxt,
      numSamples: chunkSampleCount(data),
      data,
      encoding,
    };
  }

  /** No data of a chunk that was given so far is in use any more: later reads may take its memory. */
  release(): void {
    this.index.release();
    for (const source of this.#sources) source.release?.();
  }

  /**
   * Chunks are read in the order of their refs from now on, each series once: what lies behind may go from the
   * disk.
   */
  consume(): void {
    for (const source of this.#sources) source.consume?.();
  }

  /** Closes all sources. */
  close(): void {
    this.index.close();
    for (const source of this.#sources) source.close?.();
  }

  #segment(segment: number): SegmentReader {
    const source = this.#sources[segment];
    if (source === undefined) {
      throw new TsdbError('TSDB_CORRUPT', 'chunk in a segment that the block does not have', {
        segment,
      });
    }
    return (this.#segments[segment] ??= new SegmentReader(source, segment));
  }
}
