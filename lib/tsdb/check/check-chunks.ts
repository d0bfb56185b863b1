import type { ByteSource } from '../byte-source.ts';
import {
  SampleColumns,
  SegmentReader,
  chunkEncoding,
  chunkRef,
  chunkSampleCount,
  decodeChunk,
  splitChunkRef,
  type ChunkMeta,
} from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import type { Findings } from './finding.ts';
import { checkPadding } from './section.ts';

const headerBytes = 8;
/** Encodings whose data begins with the number of samples. */
const countedEncodings = [1, 2, 3];

/** One segment file of chunks, opened. */
export interface ChunkSegment {
  readonly source: ByteSource;
  readonly path: string;
}

/**
 * Checks all chunks of a block. References come in the order of the index, which is that of the
 * files: what lies between two of them is looked at too, and told, because nothing refers to it.
 */
export class ChunksCheck {
  samples = 0;
  /** False when some chunk's samples could not be counted. */
  isCounted = true;
  mint = Infinity;
  maxt = -Infinity;
  readonly #segments: readonly (ChunkSegment | undefined)[];
  readonly #readers: (SegmentReader | undefined)[];
  readonly #findings: Findings;
  readonly #range: { mint: number; maxt: number };
  readonly #columns = new SampleColumns();
  readonly #told = new Set<number>();
  #segment = 0;
  /** First byte of the segment that was not looked at; undefined behind damage. */
  #next: number | undefined = headerBytes;
  /** Whether bytes that nothing refers to are a finding: not when the index is damaged. */
  #isIndexWhole = true;

  /** `range` is that of meta.json, half-open. A segment that cannot be opened is undefined. */
  constructor(
    segments: readonly (ChunkSegment | undefined)[],
    range: { mint: number; maxt: number },
    findings: Findings,
  ) {
    this.#segments = segments;
    this.#range = range;
    this.#findings = findings;
    this.#readers = segments.map((segment, at) => this.#openSegment(segment, at));
  }

  /** Checks the chunk that `meta` refers to, and what lies in front of it. */
  take(meta: ChunkMeta, indexPath: string, seriesOffset: number): void {
    const { segment, offset } = splitChunkRef(meta.ref);
    if (meta.mint < this.#range.mint || meta.maxt >= this.#range.maxt) {
      const message = `a chunk of [${times(meta)}] lies outside the block's range`;
      this.#findings.error('CHECK_RANGE', indexPath, message, seriesOffset);
    }
    this.mint = Math.min(this.mint, meta.mint);
    this.maxt = Math.max(this.maxt, meta.maxt);
    if (segment >= this.#segments.length) {
      const message = `a chunk in segment ${String(segment + 1)}, which does not exist`;
      this.#findings.error('CHECK_REFERENCE', indexPath, message, seriesOffset);
      return;
    }
    if (this.#isBehind(segment, offset)) {
      const message = `a chunk reference to what was read before, ${String(chunkRef(segment, offset))}`;
      this.#findings.error('CHECK_REFERENCE', indexPath, message, seriesOffset);
      this.#read(segment, offset, meta);
      return;
    }
    while (this.#segment < segment) this.#endSegment();
    this.#skipTo(offset);
    const end = this.#read(segment, offset, meta);
    this.#next = end;
  }

  /** Checks what is left behind the last reference. */
  finish(isIndexWhole: boolean): void {
    this.#isIndexWhole &&= isIndexWhole;
    while (this.#segment < this.#segments.length) this.#endSegment();
  }

  /** From here on references may be missing. */
  noteDamage(): void {
    this.#isIndexWhole = false;
  }

  #isBehind(segment: number, offset: number): boolean {
    if (segment !== this.#segment) return segment < this.#segment;
    return this.#next !== undefined && offset < this.#next;
  }

  #openSegment(segment: ChunkSegment | undefined, at: number): SegmentReader | undefined {
    if (segment === undefined) return undefined;
    const { source, path } = segment;
    return this.#findings.guard(path, () => {
      const reader = new SegmentReader(source, at);
      checkPadding(source, 5, headerBytes, path, this.#findings);
      return reader;
    });
  }

  #endSegment(): void {
    const source = this.#segments[this.#segment]?.source;
    if (source !== undefined) this.#skipTo(source.size);
    this.#segment++;
    this.#next = headerBytes;
  }

  /** Looks at the chunks from where reading stopped up to `offset`. */
  #skipTo(offset: number): void {
    const from = this.#next;
    const segment = this.#segments[this.#segment];
    if (from === undefined || from >= offset || segment === undefined) return;
    if (this.#readers[this.#segment] === undefined) return;
    if (this.#isIndexWhole) {
      const message = `${String(offset - from)} bytes that no series refers to`;
      this.#findings.error('CHECK_TRAILING', segment.path, message, from);
    }
    for (let at: number | undefined = from; at !== undefined && at < offset;) {
      at = this.#read(this.#segment, at, undefined);
    }
  }

  /** Checks one chunk; returns the byte behind it, or undefined when it is damaged. */
  #read(segment: number, offset: number, meta: ChunkMeta | undefined): number | undefined {
    const reader = this.#readers[segment];
    const path = this.#segments[segment]?.path;
    if (reader === undefined || path === undefined) {
      this.isCounted = false;
      return undefined;
    }
    const end = this.#findings.guard(
      path,
      () => {
        const { encoding, data } = reader.chunkAt(offset);
        this.#checkData(encoding, data, meta, path, offset);
        return offset + uvarintBytes(data.length) + 1 + data.length + 4;
      },
      offset,
    );
    if (end === undefined) this.isCounted = false;
    return end;
  }

  #checkData(
    encoding: number,
    data: Uint8Array,
    meta: ChunkMeta | undefined,
    path: string,
    offset: number,
  ): void {
    if (!countedEncodings.includes(encoding)) {
      this.isCounted = false;
      this.#tellEncoding(encoding, path, offset);
      return;
    }
    const count = chunkSampleCount(data);
    if (meta !== undefined) this.samples += count;
    if (count === 0) throw new TsdbError('TSDB_CHUNK_CORRUPT', 'chunk without samples', { offset });
    if (encoding !== chunkEncoding.xor) {
      this.#tellEncoding(encoding, path, offset);
      return;
    }
    const columns = this.#columns;
    columns.clear();
    this.#decode(data, offset);
    const mint = columns.times[0]!;
    const maxt = columns.times[count - 1]!;
    if (meta === undefined || (mint === meta.mint && maxt === meta.maxt)) return;
    const found = `samples of [${times({ mint, maxt })}] in a chunk of [${times(meta)}]`;
    if (mint < meta.mint || maxt > meta.maxt) {
      this.#findings.error('CHECK_RANGE', path, found, offset);
    } else this.#findings.warning('CHECK_LOOSE_RANGE', path, found, offset);
  }

  /** Decoding counts from the data's begin: the finding shall name the place in the file. */
  #decode(data: Uint8Array, offset: number): void {
    try {
      decodeChunk(data, this.#columns);
    } catch (error) {
      if (!(error instanceof TsdbError)) throw error;
      throw new TsdbError(error.code, `chunk does not decode: ${error.message}`, { offset });
    }
  }

  #tellEncoding(encoding: number, path: string, offset: number): void {
    if (this.#told.has(encoding)) return;
    this.#told.add(encoding);
    const message = `chunks of encoding ${String(encoding)}: only their checksums are looked at`;
    this.#findings.note('CHECK_ENCODING', path, message, offset);
  }
}

function uvarintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function times({ mint, maxt }: { mint: number; maxt: number }): string {
  return `${String(mint)}, ${String(maxt)}`;
}
