import { ByteReader, BytesError } from '../../bytes/index.ts';
import { TsdbError } from '../errors.ts';
import { maxTimeMs } from '../limits.ts';
import { readBits } from './bits.ts';
import type { SampleColumns } from './sample-columns.ts';

/** Number of samples that the chunk says it holds; all encodings begin with it. */
export function chunkSampleCount(chunk: Uint8Array): number {
  if (chunk.length < 2) throw corrupt('chunk shorter than its header', chunk, 0);
  return (chunk[0]! << 8) | chunk[1]!;
}

/**
 * Walks over the samples of an XOR chunk (docs/format/chunks.md). {@link next} moves to the next
 * sample, then {@link timeMs}, {@link lo} and {@link hi} hold it. Damage gives `TSDB_CHUNK_CORRUPT`;
 * nothing is read beyond the chunk, and times that do not increase count as damage.
 */
export class ChunkIterator {
  timeMs = 0;
  lo = 0;
  hi = 0;
  /** Samples in the chunk. */
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position = 16;
  #read = 0;
  #delta = 0;
  #leading = 0;
  #significant = 0;

  constructor(chunk: Uint8Array) {
    this.count = chunkSampleCount(chunk);
    this.#bytes = chunk;
    this.#end = chunk.length * 8;
  }

  next(): boolean {
    if (this.#read === this.count) return false;
    if (this.#read === 0) this.#readFirst();
    else {
      if (this.#read === 1) this.#readSecondTime();
      else this.#delta += this.#deltaOfDelta();
      // NaN cannot arise; a sum of in-range values cannot lose digits.
      if (this.#delta <= 0) throw this.#corrupt('time does not increase');
      this.timeMs += this.#delta;
      if (this.timeMs > maxTimeMs) throw this.#corrupt('time out of range');
      this.#readValue();
    }
    if (this.#position > this.#end) throw this.#corrupt('chunk ends inside a sample');
    this.#read++;
    return true;
  }

  #readFirst(): void {
    const reader = new ByteReader(this.#bytes, 2);
    this.timeMs = reader.varint();
    this.hi = reader.u32be();
    this.lo = reader.u32be();
    this.#finishBytes(reader);
    if (Math.abs(this.timeMs) > maxTimeMs) throw this.#corrupt('time out of range');
  }

  #readSecondTime(): void {
    const reader = new ByteReader(this.#bytes, this.#position >>> 3);
    this.#delta = reader.uvarint();
    this.#finishBytes(reader);
  }

  #finishBytes(reader: ByteReader): void {
    const { error } = reader;
    if (error instanceof BytesError) throw this.#corrupt(error.message, error);
    this.#position = reader.offset * 8;
  }

  #deltaOfDelta(): number {
    const prefix = readBits(this.#bytes, this.#position, 4);
    if (prefix < 0b1000) return this.#skip(1);
    if (prefix < 0b1100) return this.#signed(2, 14);
    if (prefix < 0b1110) return this.#signed(3, 17);
    if (prefix === 0b1110) return this.#signed(4, 20);
    const high = readBits(this.#bytes, this.#position + 4, 32) | 0;
    const low = readBits(this.#bytes, this.#position + 36, 32);
    this.#position += 68;
    const value = high * 0x1_0000_0000 + low;
    if (!Number.isSafeInteger(value)) throw this.#corrupt('time out of range');
    return value;
  }

  #skip(count: number): 0 {
    this.#position += count;
    return 0;
  }

  /** A number of `width` bits behind `prefix` bits; exactly 2^(width-1) is positive. */
  #signed(prefix: number, width: number): number {
    const raw = readBits(this.#bytes, this.#position + prefix, width);
    this.#position += prefix + width;
    return raw > 1 << (width - 1) ? raw - (1 << width) : raw;
  }

  #readValue(): void {
    const control = readBits(this.#bytes, this.#position, 2);
    if (control < 0b10) {
      this.#position += 1;
      return;
    }
    this.#position += 2;
    if (control === 0b11) {
      const window = readBits(this.#bytes, this.#position, 11);
      this.#position += 11;
      this.#leading = window >>> 6;
      this.#significant = (window & 63) === 0 ? 64 : window & 63;
    }
    const trailing = 64 - this.#leading - this.#significant;
    if (this.#significant === 0 || trailing < 0) throw this.#corrupt('impossible window of bits');
    this.#readSignificant(this.#significant, trailing);
  }

  /** XORs the next bits, moved to their place, into the value. */
  #readSignificant(significant: number, trailing: number): void {
    const bytes = this.#bytes;
    const position = this.#position;
    this.#position = position + significant;
    let low: number;
    let high = 0;
    if (significant <= 32) low = readBits(bytes, position, significant);
    else {
      high = readBits(bytes, position, significant - 32);
      low = readBits(bytes, position + significant - 32, 32);
    }
    if (trailing >= 32) {
      high = low << (trailing - 32);
      low = 0;
    } else if (trailing > 0) {
      high = (high << trailing) | (low >>> (32 - trailing));
      low <<= trailing;
    }
    this.lo = (this.lo ^ low) >>> 0;
    this.hi = (this.hi ^ high) >>> 0;
  }

  #corrupt(message: string, cause?: unknown): TsdbError {
    return corrupt(message, this.#bytes, Math.min(this.#position, this.#end) >>> 3, cause);
  }
}

function corrupt(message: string, chunk: Uint8Array, offset: number, cause?: unknown): TsdbError {
  return new TsdbError('TSDB_CHUNK_CORRUPT', message, {
    offset,
    bytes: chunk.subarray(offset, offset + 16),
    cause,
  });
}

/** Appends all samples of an XOR chunk to `into` and returns how many they were. */
export function decodeChunk(chunk: Uint8Array, into: SampleColumns): number {
  const iterator = new ChunkIterator(chunk);
  // Each sample takes at least two bits, so damage in the count cannot ask for much memory.
  into.reserve(into.count + Math.min(iterator.count, chunk.length * 4));
  const first = into.count;
  while (iterator.next()) into.push(iterator.timeMs, iterator.lo, iterator.hi);
  return into.count - first;
}
