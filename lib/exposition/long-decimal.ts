/** Splits a double into two halves of 26 bits (Veltkamp). */
const splitter = 2 ** 27 + 1;
const safety = 1 + 2 ** -30;

/**
 * Rounds `(mantissa * factor + rest) / divisor` correctly; not a number when the result is so near
 * the middle between two doubles that this takes more care. Sums of durations have 16 to 17
 * digits, so that this is a common case. Both products are computed as exact pairs of doubles.
 */
export function divideLong(
  mantissa: number,
  factor: number,
  rest: number,
  divisor: number,
): number {
  const product = mantissa * factor;
  const high = product + rest;
  // Whole numbers of a few bits: their sum is exact.
  const low = rest - (high - product) + productError(mantissa, factor, product);
  const quotient = high / divisor;
  const back = quotient * divisor;
  const remainder = high - back - productError(quotient, divisor, back) + low;
  const correction = remainder / divisor;
  const value = quotient + correction;
  const error = quotient - value + correction;
  // The correction is right to 2^-50; far more than that must lie between value and middle.
  return value + error * safety === value ? value : Number.NaN;
}

/** `a * b - product` exactly, where `product` is the rounded product (Dekker). */
function productError(a: number, b: number, product: number): number {
  const splitA = a * splitter;
  const splitB = b * splitter;
  const highA = splitA - (splitA - a);
  const highB = splitB - (splitB - b);
  const lowA = a - highA;
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}
