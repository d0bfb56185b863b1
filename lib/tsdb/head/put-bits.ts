/**
 * Bits from a position on that {@link putBits} and its like may set to zero when they write `count`
 * bits there: they store whole words of 32 bits, and one more than is needed.
 */
export function reachBits(count: number): number {
  return 32 * Math.ceil(count / 32) + 32;
}

/**
 * Writes the low `count` (1 to 32) bits of `value` at bit `position`, most significant first. All
 * bits from there on must be zero; higher bits of `value` do not matter. Two words are stored
 * whatever the count, because that costs less than looking which ones are needed.
 */
export function putBits(view: DataView, position: number, value: number, count: number): void {
  const bits = value << (32 - count);
  const byte = (position >>> 5) << 2;
  const shift = position & 31;
  view.setInt32(byte, view.getInt32(byte) | (bits >>> shift));
  // In two steps, because a shift by 32 would be none.
  view.setInt32(byte + 4, (bits << 1) << (31 - shift));
}

/** Unsigned LEB128 at byte `at`; returns the place behind it. */
export function putUvarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  if (value >= 0x1000_0000) {
    // Four groups by 32-bit arithmetic, which is several times as fast.
    const low = value % 0x1000_0000;
    for (let shift = 0; shift < 28; shift += 7) bytes[at++] = (low >>> shift) | 0x80;
    rest = (value - low) / 0x1000_0000;
  }
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Writes the difference of two distances of samples at bit `at`; returns the end. n bits hold
 * -(2^(n-1)-1) to 2^(n-1): the edge belongs to the positive side.
 */
export function putDeltaOfDelta(view: DataView, at: number, dod: number): number {
  if (dod === 0) return at + 1;
  if (dod >= -8191 && dod <= 8192) {
    putBits(view, at, (0b10 << 14) | (dod & 0x3fff), 16);
    return at + 16;
  }
  if (dod >= -65535 && dod <= 65536) {
    putBits(view, at, (0b110 << 17) | (dod & 0x1ffff), 20);
    return at + 20;
  }
  if (dod >= -524287 && dod <= 524288) {
    putBits(view, at, (0b1110 << 20) | (dod & 0xfffff), 24);
    return at + 24;
  }
  putBits(view, at, 0b1111, 4);
  putBits(view, at + 4, Math.floor(dod / 0x1_0000_0000), 32);
  putBits(view, at + 36, dod >>> 0, 32);
  return at + 68;
}
