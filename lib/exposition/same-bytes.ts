/**
 * Whether the `size` bytes at `at` of one view are those at `start` of another; both must have them
 * all. (The caller knows how many there are: asking a view for its length is a call each time.)
 * This is most of what a line that did not change costs: the `| 0` tell the engine that offsets
 * stay small integers, and eight bytes are compared as one, which it keeps in a register.
 */
export function isSame(
  view: DataView,
  at: number,
  other: DataView,
  start: number,
  size: number,
): boolean {
  if (size < 8) return isSameShort(view, at, other, start, size);
  const last = (at + size - 8) | 0;
  let a = at | 0;
  let b = start | 0;
  while (a < last && view.getBigInt64(a, true) === other.getBigInt64(b, true)) {
    a = (a + 8) | 0;
    b = (b + 8) | 0;
  }
  if (a < last) return false;
  // The last eight bytes may overlap with what was compared.
  return view.getBigInt64(last, true) === other.getBigInt64((start + size - 8) | 0, true);
}

function isSameShort(
  view: DataView,
  at: number,
  other: DataView,
  start: number,
  size: number,
): boolean {
  for (let i = 0; i < size; i++)
    if (view.getUint8(at + i) !== other.getUint8(start + i)) return false;
  return true;
}

/**
 * As {@link isSame}, for lines that are new: they are too few for the engine to compile what reads them for
 * good, and until it does it makes an object of each eight bytes that are read as one.
 */
export function isSameText(
  view: DataView,
  at: number,
  other: DataView,
  start: number,
  size: number,
): boolean {
  if (size < 4) return isSameShort(view, at, other, start, size);
  const last = size - 4;
  for (let same = 0; same < last; same += 4) {
    if (view.getInt32(at + same, true) !== other.getInt32(start + same, true)) return false;
  }
  // The last four bytes may overlap with what was compared.
  return view.getInt32(at + last, true) === other.getInt32(start + last, true);
}

/** How many of up to `most` bytes are the same at `at` of one view and at `start` of another. */
export function countSame(
  view: DataView,
  at: number,
  known: DataView,
  start: number,
  most: number,
): number {
  let same = 0;
  while (same + 4 <= most) {
    const other = view.getInt32(at + same, true) ^ known.getInt32(start + same, true);
    if (other !== 0) return same + ((31 - Math.clz32(other & -other)) >>> 3);
    same += 4;
  }
  while (same < most && view.getUint8(at + same) === known.getUint8(start + same)) same++;
  return same;
}
