import { BytesError, type BytesErrorCode } from './errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Texts up to this length are mostly ASCII and made unit by unit, twice as fast. */
const shortText = 24;

/**
 * Cursor over bytes with a sticky error: a read past the end sets {@link error}, and from then on
 * every read returns zero or an empty value without moving. Check once per logical unit, with
 * {@link check}. All fixed-width integers are big endian; varints are LEB128.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;
  #error: BytesError | undefined;

  /** Reads `bytes[start, end)`; the bytes are not copied. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = Math.min(end, bytes.length);
  }

  /** Absolute offset of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** The first failure, if any. */
  get error(): BytesError | undefined {
    return this.#error;
  }

  /** Throws the first failure, if there was one. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  u8(): number {
    return this.#take(1) ? this.#bytes[this.#offset - 1]! : 0;
  }

  u16be(): number {
    if (!this.#take(2)) return 0;
    const at = this.#offset - 2;
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  u32be(): number {
    return this.#take(4) ? this.#signed32(this.#offset - 4) >>> 0 : 0;
  }

  /** Unsigned 64 bits as a safe integer; larger values are an overflow. */
  u64be(): number {
    if (!this.#take(8)) return 0;
    const high = this.#signed32(this.#offset - 8) >>> 0;
    const low = this.#signed32(this.#offset - 4) >>> 0;
    return this.#safe(high * 0x1_0000_0000 + low);
  }

  /** Signed 64 bits as a safe integer; values beyond 2^53-1 are an overflow. */
  i64be(): number {
    if (!this.#take(8)) return 0;
    const high = this.#signed32(this.#offset - 8);
    const low = this.#signed32(this.#offset - 4) >>> 0;
    return this.#safe(high * 0x1_0000_0000 + low);
  }

  /** Unsigned LEB128 up to 2^53-1. */
  uvarint(): number {
    const short = this.#short();
    if (short >= 0) return short;
    let value = 0;
    let scale = 1;
    for (let length = 1; length <= 10; length++) {
      const byte = this.u8();
      if (this.#error !== undefined) return 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return this.#safe(value);
      scale *= 128;
    }
    return this.#fail('BYTES_OVERFLOW', 'varint longer than 10 bytes');
  }

  /** Signed LEB128 with zigzag, magnitude up to 2^53-1. */
  varint(): number {
    const short = this.#short();
    if (short >= 0) return (short >>> 1) ^ -(short & 1);
    // The zigzag form of a safe integer may itself exceed 2^53: keep the low bit apart.
    let value = 0;
    let scale = 1;
    let isNegative = false;
    for (let length = 1; length <= 10; length++) {
      const byte = this.u8();
      if (this.#error !== undefined) return 0;
      if (length === 1) {
        isNegative = (byte & 1) === 1;
        value = (byte & 0x7f) >>> 1;
        scale = 64;
      } else {
        value += (byte & 0x7f) * scale;
        scale *= 128;
      }
      if (byte < 0x80) return this.#safe(isNegative ? -value - 1 : value);
    }
    return this.#fail('BYTES_OVERFLOW', 'varint longer than 10 bytes');
  }

  /** A view of the next `count` bytes, valid as long as the underlying bytes are. */
  bytes(count: number): Uint8Array {
    if (!this.#take(count)) return this.#bytes.subarray(0, 0);
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }

  /** UTF-8 text of `count` bytes; malformed UTF-8 is an error. */
  utf8(count: number): string {
    const bytes = this.bytes(count);
    if (bytes.length <= shortText && isAscii(bytes)) {
      return String.fromCharCode.apply(null, bytes as unknown as number[]);
    }
    try {
      return decoder.decode(bytes);
    } catch {
      this.#fail('BYTES_BAD_UTF8', 'text is not UTF-8');
      return '';
    }
  }

  /** Text with a uvarint length in front. */
  str(): string {
    return this.utf8(this.uvarint());
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A varint of up to four bytes; -1, and nothing is read, when it is longer or not whole. */
  #short(): number {
    if (this.#error !== undefined) return -1;
    const bytes = this.#bytes;
    const end = Math.min(this.#end, this.#offset + 4);
    let value = 0;
    let shift = 0;
    for (let at = this.#offset; at < end; at++) {
      const byte = bytes[at]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#offset = at + 1;
        return value;
      }
      shift += 7;
    }
    return -1;
  }

  #signed32(at: number): number {
    const bytes = this.#bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  #take(count: number): boolean {
    if (this.#error !== undefined) return false;
    if (count < 0 || count > this.#end - this.#offset) {
      this.#fail(
        'BYTES_TRUNCATED',
        `${String(count)} bytes wanted, ${String(this.remaining)} left`,
      );
      return false;
    }
    this.#offset += count;
    return true;
  }

  #safe(value: number): number {
    if (Number.isSafeInteger(value)) return value;
    return this.#fail('BYTES_OVERFLOW', 'integer beyond 2^53-1');
  }

  #fail(code: BytesErrorCode, message: string): 0 {
    this.#error ??= new BytesError(code, message, this.#offset);
    return 0;
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}
