/**
 * Writes the low `count` (1 to 32) bits of `value` at bit `position`, most significant first. The
 * target bits must be zero and `value` must have no higher bits set.
 */
export function putBits(bytes: Uint8Array, position: number, value: number, count: number): void {
  let at = position >>> 3;
  const room = 8 - (position & 7);
  if (count <= room) {
    bytes[at]! |= value << (room - count);
    return;
  }
  let left = count - room;
  bytes[at++]! |= value >>> left;
  while (left >= 8) {
    left -= 8;
    bytes[at++] = value >>> left;
  }
  if (left > 0) bytes[at] = value << (8 - left);
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
