import { ByteReader } from '../../bytes/index.ts';
import { TsdbError } from '../errors.ts';
import { maxTimeMs } from '../limits.ts';
import { readBits } from './bits.ts';
import { SampleColumns } from './sample-columns.ts';

/** 68 bits of time, 13 of a window, 64 of value, and what one read may reach further. */
const longestSampleBytes = 24;

/** Bits that a delta of delta takes, by the first four of them. */
const timeBits = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 16, 16, 16, 16, 20, 20, 24, 68);

/** Number of samples that the chunk says it holds; all encodings begin with it. */
export function chunkSampleCount(chunk: Uint8Array): number {
  if (chunk.length < 2) throw corrupt('chunk shorter than its header', chunk, 0);
  return (chunk[0]! << 8) | chunk[1]!;
}

/**
 * Appends all samples of an XOR chunk (docs/format/chunks.md) to `into` and returns how many they
 * were. Damage gives `TSDB_CHUNK_CORRUPT`, and nothing is appended then; times that do not increase
 * count as damage.
 */
export function decodeChunk(chunk: Uint8Array, into: SampleColumns): number {
  const count = chunkSampleCount(chunk);
  if (count === 0) return 0;
  // Each sample takes at least two bits, so damage in the count cannot ask for much memory.
  into.reserve(into.count + Math.min(count, chunk.length * 4));
  const position = decodeStart(chunk, count, into);
  if (count > 1) decodeRest(chunk, position, count, into);
  into.count += count;
  return count;
}

/** Decodes the first sample and the second time; returns the bit position behind them. */
function decodeStart(chunk: Uint8Array, count: number, into: SampleColumns): number {
  const { count: at, times, lo, hi } = into;
  const reader = new ByteReader(chunk, 2);
  const first = reader.varint();
  hi[at] = reader.u32be();
  lo[at] = reader.u32be();
  const second = count > 1 ? first + reader.uvarint() : Infinity;
  if (reader.error !== undefined) {
    throw corrupt(reader.error.message, chunk, reader.offset, reader.error);
  }
  if (Math.abs(first) > maxTimeMs || second <= first || (count > 1 && second > maxTimeMs)) {
    throw corrupt('impossible time', chunk, reader.offset);
  }
  times[at] = first;
  if (count > 1) times[at + 1] = second;
  return reader.offset * 8;
}

/**
 * Decodes everything from the value of the second sample on. One loop over local variables, because
 * queries and dumps spend their time here.
 */
function decodeRest(chunk: Uint8Array, start: number, count: number, into: SampleColumns): void {
  const { count: first, times, lo, hi } = into;
  const bits = padded(chunk);
  const end = chunk.length * 8;
  let position = start;
  let leading = 0;
  let trailing = 64;
  let time = times[first + 1]!;
  let delta = time - times[first]!;
  let low = lo[first]!;
  let high = hi[first]!;
  for (let at = first + 1; at < first + count; at++) {
    if (at > first + 1) {
      const prefix = readBits(bits, position, 4);
      if (prefix >= 8) delta += readDeltaOfDelta(bits, position, prefix);
      position += timeBits[prefix]!;
      time += delta;
      // Also false for what is not a number.
      if (!(delta > 0 && time <= maxTimeMs)) throw corrupt('impossible time', chunk, position >> 3);
      times[at] = time;
    }
    const control = readBits(bits, position, 2);
    position += control < 0b10 ? 1 : 2;
    if (control === 0b11) {
      const window = readBits(bits, position, 11);
      leading = window >>> 6;
      trailing = 64 - leading - ((window & 63) === 0 ? 64 : window & 63);
      position += 11;
    }
    if (control >= 0b10) {
      if (trailing < 0 || trailing === 64) throw corrupt('impossible bits', chunk, position >> 3);
      if (trailing >= 32) {
        high ^= readBits(bits, position, 64 - leading - trailing) << (trailing - 32);
      } else {
        high ^= readBits(bits, position, 32 - leading);
        low ^= readBits(bits, position + 32 - leading, 32 - trailing) << trailing;
      }
      position += 64 - leading - trailing;
    }
    if (position > end) throw corrupt('chunk ends inside a sample', chunk, chunk.length);
    lo[at] = low;
    hi[at] = high;
  }
}

/**
 * The chunk with so many readable bytes behind it that a sample may be read before its end is
 * checked. A view into a larger buffer, as files give it, need not be copied: what lies behind the
 * chunk is read but never believed.
 */
function padded(chunk: Uint8Array): DataView {
  const { buffer, byteOffset, length } = chunk;
  if (buffer.byteLength - byteOffset - length >= longestSampleBytes) {
    return new DataView(buffer, byteOffset);
  }
  const bytes = new Uint8Array(length + longestSampleBytes);
  bytes.set(chunk);
  return new DataView(bytes.buffer);
}

/** The delta of delta at `position`, of which `prefix` are the first four bits and not zero. */
function readDeltaOfDelta(bits: DataView, position: number, prefix: number): number {
  if (prefix < 0b1100) return readSigned(bits, position + 2, 14);
  if (prefix < 0b1110) return readSigned(bits, position + 3, 17);
  if (prefix === 0b1110) return readSigned(bits, position + 4, 20);
  const high = readBits(bits, position + 4, 32) | 0;
  const value = high * 0x1_0000_0000 + readBits(bits, position + 36, 32);
  return Number.isSafeInteger(value) ? value : NaN;
}

/** A number of `width` bits; exactly 2^(width-1) is positive. */
function readSigned(bits: DataView, position: number, width: number): number {
  const raw = readBits(bits, position, width);
  return raw > 1 << (width - 1) ? raw - (1 << width) : raw;
}

function corrupt(message: string, chunk: Uint8Array, offset: number, cause?: unknown): TsdbError {
  return new TsdbError('TSDB_CHUNK_CORRUPT', message, {
    offset,
    bytes: chunk.subarray(offset, offset + 16),
    cause,
  });
}

/**
 * Walks over the samples of an XOR chunk: {@link next} moves on, then {@link timeMs}, {@link lo} and
 * {@link hi} hold the sample. The whole chunk is decoded at once, so damage throws here.
 */
export class ChunkIterator {
  timeMs = 0;
  lo = 0;
  hi = 0;
  readonly #samples: SampleColumns;
  #at = 0;

  constructor(chunk: Uint8Array) {
    this.#samples = new SampleColumns(0);
    decodeChunk(chunk, this.#samples);
  }

  /** Samples in the chunk. */
  get count(): number {
    return this.#samples.count;
  }

  next(): boolean {
    const at = this.#at;
    const { count, times, lo, hi } = this.#samples;
    if (at === count) return false;
    this.timeMs = times[at]!;
    this.lo = lo[at]!;
    this.hi = hi[at]!;
    this.#at = at + 1;
    return true;
  }
}
