import { BytesError } from './errors.ts';

const encoder = new TextEncoder();

/** Texts up to this length are mostly ASCII and written unit by unit, ten times as fast. */
const shortText = 128;

/**
 * Growable byte buffer; every method appends and returns the writer. Fixed-width integers are big
 * endian, varints are LEB128. {@link finish} hands out a view: {@link reset} makes it invalid.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  u16be(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32be(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** A safe integer as 64 bits, two's complement for negative values. */
  i64be(value: number): this {
    const at = this.#reserve(8);
    this.#requireSafe(value);
    this.#view.setInt32(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 4, value >>> 0);
    return this;
  }

  u64be(value: number): this {
    if (value < 0) throw new BytesError('BYTES_OVERFLOW', 'negative value', this.#length);
    return this.i64be(value);
  }

  uvarint(value: number): this {
    // Most values have one to four bytes, for which 32-bit arithmetic will do.
    if (value >>> 0 === value && value < 0x1000_0000) {
      this.#short(value);
      return this;
    }
    if (value < 0) throw new BytesError('BYTES_OVERFLOW', 'negative value', this.#length);
    this.#requireSafe(value);
    const at = this.#reserve(8);
    const bytes = this.#bytes;
    let length = 0;
    let rest = value;
    while (rest >= 0x80) {
      bytes[at + length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    bytes[at + length++] = rest;
    this.#length = at + length;
    return this;
  }

  varint(value: number): this {
    if ((value | 0) === value && value < 0x800_0000 && value >= -0x800_0000) {
      this.#short((value << 1) ^ (value >> 31));
      return this;
    }
    this.#requireSafe(value);
    const at = this.#reserve(8);
    const bytes = this.#bytes;
    // The sign takes the low bit of the first group, so the doubled value never has to be formed.
    let rest = value < 0 ? -value - 1 : value;
    let length = 0;
    const first = ((rest % 64) << 1) | (value < 0 ? 1 : 0);
    rest = Math.floor(rest / 64);
    bytes[at + length++] = rest > 0 ? first | 0x80 : first;
    while (rest > 0) {
      const group = rest % 128;
      rest = Math.floor(rest / 128);
      bytes[at + length++] = rest > 0 ? group | 0x80 : group;
    }
    this.#length = at + length;
    return this;
  }

  bytes(source: Uint8Array): this {
    const at = this.#reserve(source.length);
    this.#bytes.set(source, at);
    return this;
  }

  /** `count` zero bytes. */
  zeros(count: number): this {
    const at = this.#reserve(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  /** UTF-8 without a length. */
  utf8(text: string): this {
    return this.bytes(encoder.encode(text));
  }

  /** UTF-8 with its byte length as uvarint in front. */
  str(text: string): this {
    const { length } = text;
    if (length <= shortText) {
      const start = this.#length;
      this.uvarint(length);
      let at = this.#reserve(length);
      const out = this.#bytes;
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit >= 0x80) break;
        out[at++] = unit;
      }
      if (index === length) return this;
      this.#length = start;
    }
    const bytes = encoder.encode(text);
    return this.uvarint(bytes.length).bytes(bytes);
  }

  /** Overwrites four bytes at `offset`, for lengths known only afterwards. */
  patchU32be(offset: number, value: number): this {
    if (offset + 4 > this.#length) {
      throw new BytesError('BYTES_TRUNCATED', 'patch beyond what was written', offset);
    }
    this.#view.setUint32(offset, value);
    return this;
  }

  /** View of everything written so far. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the content and keeps the memory. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  /** A varint below 2^28. */
  #short(value: number): void {
    const at = this.#reserve(4);
    const bytes = this.#bytes;
    let end = at;
    let rest = value;
    while (rest >= 0x80) {
      bytes[end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[end++] = rest;
    this.#length = end;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return at;
  }

  #requireSafe(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new BytesError('BYTES_OVERFLOW', 'integer beyond 2^53-1', this.#length);
    }
  }
}
