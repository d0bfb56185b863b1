/** Leading zero bits of a 64-bit value given as two halves; 64 for zero. */
export function leadingZeros(lo: number, hi: number): number {
  return hi === 0 ? 32 + Math.clz32(lo) : Math.clz32(hi);
}

/** Trailing zero bits of a 64-bit value given as two halves; 64 for zero. */
export function trailingZeros(lo: number, hi: number): number {
  if (lo !== 0) return 31 - Math.clz32(lo & -lo);
  return hi === 0 ? 64 : 63 - Math.clz32(hi & -hi);
}

/**
 * `count` (1 to 32) bits from bit `position` on, most significant first, as an unsigned number.
 * Five bytes from there on must be readable.
 */
export function readBits(bits: DataView, position: number, count: number): number {
  const at = position >>> 3;
  const skipped = position & 7;
  const word = bits.getUint32(at) << skipped;
  if (skipped + count <= 32) return word >>> (32 - count);
  return (word | (bits.getUint8(at + 4) >>> (8 - skipped))) >>> (32 - count);
}

/** Growable bytes that are written bit by bit, most significant bit first. */
export class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Bits written so far. */
  #position = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes that hold the bits written so far. */
  get byteLength(): number {
    return (this.#position + 7) >>> 3;
  }

  /** The low `count` (1 to 32) bits of `value`. */
  bits(value: number, count: number): void {
    this.#reserve(count);
    const bytes = this.#bytes;
    let position = this.#position;
    let left = count;
    while (left > 0) {
      const free = 8 - (position & 7);
      const take = free < left ? free : left;
      const part = (value >>> (left - take)) & ((1 << take) - 1);
      bytes[position >>> 3]! |= part << (free - take);
      position += take;
      left -= take;
    }
    this.#position = position;
  }

  /** The low `count` (1 to 64) bits of a value given as two halves. */
  bits64(lo: number, hi: number, count: number): void {
    if (count > 32) this.bits(hi, count - 32);
    this.bits(lo, count > 32 ? 32 : count);
  }

  /** Unsigned LEB128; only between whole bytes. */
  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bits((rest % 128) | 0x80, 8);
      rest = Math.floor(rest / 128);
    }
    this.bits(rest, 8);
  }

  /** Zigzag LEB128; only between whole bytes. `|value|` must be below 2^52. */
  varint(value: number): void {
    this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Overwrites the two bytes at `offset`. */
  patchU16(offset: number, value: number): void {
    this.#bytes[offset] = value >>> 8;
    this.#bytes[offset + 1] = value & 0xff;
  }

  /** A copy of what was written, padded with zero bits to a whole byte. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.byteLength);
  }

  /** Forgets the content and keeps the memory. */
  reset(): void {
    this.#bytes.fill(0, 0, this.byteLength);
    this.#position = 0;
  }

  #reserve(count: number): void {
    if (this.#position + count <= this.#bytes.length * 8) return;
    const grown = new Uint8Array(this.#bytes.length * 2 + 8);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
