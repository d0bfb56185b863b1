/** Bytes behind the last written bit that {@link putBits} may overwrite with zeros. */
export const spareBytes = 3;

/**
 * Writes the low `count` (1 to 32) bits of `value` at bit `position`, most significant first. All
 * bits from there on must be zero, and `value` must have no higher bits set. Four bytes are stored
 * at once whatever the count, because that costs less than looking which ones are needed.
 */
export function putBits(bytes: Uint8Array, position: number, value: number, count: number): void {
  if (count > 24) {
    putUpTo24(bytes, position, value >>> 24, count - 24);
    putUpTo24(bytes, position + count - 24, value & 0xff_ffff, 24);
  } else putUpTo24(bytes, position, value, count);
}

function putUpTo24(bytes: Uint8Array, position: number, value: number, count: number): void {
  const at = position >>> 3;
  const word = value << (32 - (position & 7) - count);
  bytes[at]! |= word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Unsigned LEB128 at byte `at`; returns the place behind it. */
export function putUvarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}
