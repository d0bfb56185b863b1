import { TsdbError } from '../errors.ts';
import { maxChunkSamples, maxTimeMs } from '../limits.ts';
import { BitWriter, leadingZeros, trailingZeros } from './bits.ts';

/** Leading zeros are stored in five bits. */
const maxLeadingZeros = 31;
/** Value of `leading` while no window of significant bits was opened yet. */
const noWindow = 255;

/**
 * Encodes the samples of one series as an XOR chunk (docs/format/chunks.md), bit for bit as
 * Prometheus does. Values come as halves of their IEEE bits, times must increase strictly.
 */
export class ChunkEncoder {
  readonly #out: BitWriter;
  #count = 0;
  #time = 0;
  #delta = 0;
  #lo = 0;
  #hi = 0;
  #leading = noWindow;
  #trailing = 0;

  constructor(capacityBytes = 256) {
    this.#out = new BitWriter(capacityBytes);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes that {@link finish} would return now. */
  get byteLength(): number {
    return this.#count === 0 ? 0 : this.#out.byteLength;
  }

  append(timeMs: number, lo: number, hi: number): void {
    this.#check(timeMs);
    if (this.#count === 0) {
      this.#out.bits(0, 16);
      this.#out.varint(timeMs);
      this.#out.bits64(lo, hi, 64);
    } else {
      const delta = timeMs - this.#time;
      if (this.#count === 1) this.#out.uvarint(delta);
      else this.#appendDeltaOfDelta(delta - this.#delta);
      this.#delta = delta;
      this.#appendValue((lo ^ this.#lo) >>> 0, (hi ^ this.#hi) >>> 0);
    }
    this.#time = timeMs;
    this.#lo = lo;
    this.#hi = hi;
    this.#count++;
  }

  /** The chunk's bytes, owned by the caller; appending may go on afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#count === 0) throw new TsdbError('TSDB_OUT_OF_ORDER', 'chunk without a sample');
    this.#out.patchU16(0, this.#count);
    return this.#out.copy();
  }

  /** Begins a new chunk in the same memory. */
  reset(): void {
    this.#out.reset();
    this.#count = 0;
    this.#leading = noWindow;
  }

  #check(timeMs: number): void {
    if (!Number.isInteger(timeMs) || Math.abs(timeMs) > maxTimeMs) {
      throw new TsdbError('TSDB_TIME_RANGE', `time ${String(timeMs)} cannot be stored`);
    }
    if (this.#count === 0) return;
    if (this.#count === maxChunkSamples) {
      throw new TsdbError('TSDB_CHUNK_FULL', `a chunk holds ${String(maxChunkSamples)} samples`);
    }
    if (timeMs <= this.#time) {
      throw new TsdbError(
        'TSDB_OUT_OF_ORDER',
        `sample at ${String(timeMs)} after one at ${String(this.#time)}`,
      );
    }
  }

  #appendDeltaOfDelta(dod: number): void {
    const out = this.#out;
    // n bits hold -(2^(n-1)-1) to 2^(n-1): the edge belongs to the positive side.
    if (dod === 0) out.bits(0, 1);
    else if (dod >= -8191 && dod <= 8192) out.bits((0b10 << 14) | (dod & 0x3fff), 16);
    else if (dod >= -65535 && dod <= 65536) out.bits((0b110 << 17) | (dod & 0x1ffff), 20);
    else if (dod >= -524287 && dod <= 524288) out.bits((0b1110 << 20) | (dod & 0xfffff), 24);
    else {
      out.bits(0b1111, 4);
      out.bits64(dod >>> 0, Math.floor(dod / 0x1_0000_0000) >>> 0, 64);
    }
  }

  /** Appends the XOR of the value and the one before it. */
  #appendValue(lo: number, hi: number): void {
    const out = this.#out;
    if (lo === 0 && hi === 0) {
      out.bits(0, 1);
      return;
    }
    const leading = Math.min(leadingZeros(lo, hi), maxLeadingZeros);
    const trailing = trailingZeros(lo, hi);
    if (this.#leading !== noWindow && leading >= this.#leading && trailing >= this.#trailing) {
      out.bits(0b10, 2);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      // 64 significant bits are stored as 0, which cannot occur otherwise.
      out.bits((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 63), 13);
    }
    this.#appendSignificant(lo, hi);
  }

  /** The bits of the value inside the current window. */
  #appendSignificant(lo: number, hi: number): void {
    const out = this.#out;
    const leading = this.#leading;
    const trailing = this.#trailing;
    if (trailing >= 32) out.bits(hi >>> (trailing - 32), 64 - leading - trailing);
    else {
      out.bits(hi, 32 - leading);
      out.bits(lo >>> trailing, 32 - trailing);
    }
  }
}

/** The samples `[from, to)` of the columns as one XOR chunk. */
export function encodeChunk(
  times: Float64Array,
  lo: Uint32Array,
  hi: Uint32Array,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  const encoder = new ChunkEncoder(32 + 4 * (to - from));
  for (let at = from; at < to; at++) encoder.append(times[at]!, lo[at]!, hi[at]!);
  return encoder.finish();
}
