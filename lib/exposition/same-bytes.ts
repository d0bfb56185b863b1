/** How many of up to `most` bytes are the same at `at` of one view and at `start` of another. */
export function countSame(
  view: DataView,
  at: number,
  other: DataView,
  start: number,
  most: number,
): number {
  if (most < 8) return countSameBytes(view, at, other, start, most);
  const last = most - 8;
  let same = 0;
  // Eight bytes are compared as one integer, which the engine keeps in a register.
  for (const end = last - 24; same <= end; same += 32) {
    const a = at + same;
    const b = start + same;
    if (view.getBigInt64(a, true) !== other.getBigInt64(b, true)) break;
    if (view.getBigInt64(a + 8, true) !== other.getBigInt64(b + 8, true)) break;
    if (view.getBigInt64(a + 16, true) !== other.getBigInt64(b + 16, true)) break;
    if (view.getBigInt64(a + 24, true) !== other.getBigInt64(b + 24, true)) break;
  }
  while (
    same < last &&
    view.getBigInt64(at + same, true) === other.getBigInt64(start + same, true)
  ) {
    same += 8;
  }
  // The last eight bytes may overlap with what was compared.
  if (same > last) same = last;
  const low = view.getInt32(at + same, true) ^ other.getInt32(start + same, true);
  if (low !== 0) return same + firstSetByte(low);
  const high = view.getInt32(at + same + 4, true) ^ other.getInt32(start + same + 4, true);
  if (high !== 0) return same + 4 + firstSetByte(high);
  return most;
}

/** Number of the lowest byte of `bits` that is not zero. */
function firstSetByte(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >>> 3;
}

function countSameBytes(
  view: DataView,
  at: number,
  other: DataView,
  start: number,
  most: number,
): number {
  let same = 0;
  while (same < most && view.getUint8(at + same) === other.getUint8(start + same)) same++;
  return same;
}
