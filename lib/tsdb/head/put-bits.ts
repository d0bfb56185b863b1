/** Bytes behind the last written bit that {@link putBits} may overwrite with zeros. */
export const spareBytes = 3;

/**
 * Writes the low `count` (1 to 32) bits of `value` at bit `position`, most significant first. All
 * bits from there on must be zero, and `value` must have no higher bits set. Four bytes are stored
 * at once whatever the count, because that costs less than looking which ones are needed.
 */
export function putBits(view: DataView, position: number, value: number, count: number): void {
  if (count > 24) {
    putUpTo24(view, position, value >>> 24, count - 24);
    putUpTo24(view, position + count - 24, value & 0xff_ffff, 24);
  } else putUpTo24(view, position, value, count);
}

function putUpTo24(view: DataView, position: number, value: number, count: number): void {
  const at = position >>> 3;
  view.setInt32(at, (value << (32 - (position & 7) - count)) | (view.getUint8(at) << 24));
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
