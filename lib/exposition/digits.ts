/** Digits that are read at once. */
const maxDigits = 8;

/** The bytes of `0000`. */
const fourZeros = 0x30303030;

/** Which bits of the first and of the last four of eight bytes belong to a number, by its digits. */
const keptOfHigh = Int32Array.from({ length: maxDigits + 1 }, (_, digits) => lastBytes(digits - 4));
const keptOfLow = Int32Array.from({ length: maxDigits + 1 }, (_, digits) => lastBytes(digits));

/**
 * The number whose `digits` digits, one to eight, end at `end`; -1 when they are not all digits. At least
 * eight bytes must stand before `end`. It is known where the number begins and ends, and four digits are
 * taken at a time, so that nothing has to be guessed by the processor.
 */
export function readCount(view: DataView, end: number, digits: number): number {
  const high = (view.getInt32((end - 8) | 0, true) ^ fourZeros) & keptOfHigh[digits]!;
  const low = (view.getInt32((end - 4) | 0, true) ^ fourZeros) & keptOfLow[digits]!;
  // A byte above 9 has one of its upper bits set, or gets one when 6 is added.
  if (((high | (high + 0x06060606) | low | (low + 0x06060606)) & 0xf0f0f0f0) !== 0) return -1;
  return (Math.imul(ofFour(high), 10_000) + ofFour(low)) | 0;
}

/** The number whose four digits are the bytes of `digits`, the first one lowest. */
function ofFour(digits: number): number {
  const pairs = (Math.imul(digits & 0x000f000f, 10) + ((digits >>> 8) & 0x000f000f)) | 0;
  return (Math.imul(pairs & 0xff, 100) + (pairs >>> 16)) | 0;
}

/** A mask of the last `count` of four bytes in little-endian order. */
function lastBytes(count: number): number {
  if (count <= 0) return 0;
  return count >= 4 ? -1 : -1 << (32 - 8 * count);
}
