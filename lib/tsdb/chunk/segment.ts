import { ByteReader, ByteWriter, crc32c } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { maxChunkBytes, maxChunkSegments } from '../limits.ts';

const segmentMagic = 0x85bd40dd;
const segmentVersion = 1;
/** Magic, version and padding at the start of each segment file. */
const segmentHeaderBytes = 8;
/** Longest form of everything around the data of a chunk: length, encoding, checksum. */
const maxLengthBytes = 5;
const maxFramingBytes = maxLengthBytes + 1 + 4;

/** File name of a segment, counted from zero as in chunk references: 0 is `000001`. */
export function chunkSegmentName(index: number): string {
  return String(index + 1).padStart(6, '0');
}

export function chunkRef(segment: number, offset: number): number {
  return segment * 0x1_0000_0000 + offset;
}

export function splitChunkRef(ref: number): { segment: number; offset: number } {
  return { segment: Math.floor(ref / 0x1_0000_0000), offset: ref % 0x1_0000_0000 };
}

/** Header of a segment file. */
export function segmentHeader(): Uint8Array {
  return new ByteWriter(segmentHeaderBytes)
    .u32be(segmentMagic)
    .u8(segmentVersion)
    .zeros(3)
    .finish();
}

/** Most bytes a chunk with `dataBytes` of data takes in a segment. */
export function maxFramedChunkBytes(dataBytes: number): number {
  return dataBytes + maxFramingBytes;
}

/** Checksums of the encoding byte in front of the data, for the encodings there are. */
const encodingSeeds = [0, 1, 2, 3].map((encoding) => crc32c(Uint8Array.of(encoding)));

/** Appends one chunk in the form it has in a segment file. */
export function frameChunk(writer: ByteWriter, encoding: number, data: Uint8Array): void {
  if (data.length > maxChunkBytes) {
    throw new TsdbError('TSDB_LIMIT', `chunk of ${String(data.length)} bytes`);
  }
  const seed = encodingSeeds[encoding] ?? crc32c(Uint8Array.of(encoding));
  writer
    .uvarint(data.length)
    .u8(encoding)
    .bytes(data)
    .u32be(crc32c(data, 0, data.length, seed));
}

/** The chunks of one segment file, checked as they are read. */
export class SegmentReader {
  readonly #source: ByteSource;
  readonly #segment: number;

  /** Checks the header; `segment` is the zero-based index, for messages. */
  constructor(source: ByteSource, segment: number) {
    if (segment >= maxChunkSegments) throw new TsdbError('TSDB_LIMIT', 'too many segments');
    this.#source = source;
    this.#segment = segment;
    if (source.size < segmentHeaderBytes) throw this.#error('TSDB_TRUNCATED', 'segment header', 0);
    const header = new ByteReader(source.read(0, segmentHeaderBytes));
    if (header.u32be() !== segmentMagic) throw this.#error('TSDB_BAD_MAGIC', 'not chunks', 0);
    const version = header.u8();
    if (version !== segmentVersion) {
      throw this.#error('TSDB_BAD_VERSION', `chunk segment version ${String(version)}`, 4);
    }
  }

  /** Encoding and data of the chunk at `offset`; the data is a view of what the source gave. */
  chunkAt(offset: number): { encoding: number; data: Uint8Array } {
    const left = this.#source.size - offset;
    if (offset < segmentHeaderBytes || left < 1) {
      throw this.#error('TSDB_CORRUPT', 'chunk reference outside the segment', offset);
    }
    const { length, lengthBytes } = this.#dataLength(offset, left);
    if (lengthBytes + 1 + length + 4 > left) {
      throw this.#error('TSDB_TRUNCATED', 'chunk reaches beyond the segment', offset);
    }
    const framed = this.#source.read(offset + lengthBytes, 1 + length + 4);
    const end = 1 + length;
    const stored =
      (framed[end]! << 24) | (framed[end + 1]! << 16) | (framed[end + 2]! << 8) | framed[end + 3]!;
    if (crc32c(framed, 0, end) !== stored >>> 0) {
      throw this.#error('TSDB_BAD_CHECKSUM', 'chunk checksum differs', offset);
    }
    return { encoding: framed[0]!, data: framed.subarray(1, 1 + length) };
  }

  /** The length in front of a chunk's data, and how many bytes it takes itself. */
  #dataLength(offset: number, left: number): { length: number; lengthBytes: number } {
    const prefix = this.#source.read(offset, Math.min(maxLengthBytes, left));
    let length = 0;
    for (let at = 0; at < prefix.length; at++) {
      const byte = prefix[at]!;
      length += (byte & 0x7f) * 2 ** (7 * at);
      if (byte < 0x80 && length <= maxChunkBytes) return { length, lengthBytes: at + 1 };
    }
    throw this.#error('TSDB_CORRUPT', 'impossible chunk length', offset);
  }

  #error(
    code:
      | 'TSDB_TRUNCATED'
      | 'TSDB_BAD_MAGIC'
      | 'TSDB_BAD_VERSION'
      | 'TSDB_CORRUPT'
      | 'TSDB_BAD_CHECKSUM',
    message: string,
    offset: number,
  ): TsdbError {
    return new TsdbError(code, message, { offset, segment: this.#segment });
  }
}
