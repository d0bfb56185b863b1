import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from './index.ts';

/** The textbook form, one bit at a time. */
function naiveCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('gives the published check value', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

test('agrees with the bitwise definition, whole and in two pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), (bytes, cut) => {
      const at = Math.min(cut, bytes.length);
      expect(crc32c(bytes)).toBe(naiveCrc32c(bytes));
      expect(crc32c(bytes, at, bytes.length, crc32c(bytes, 0, at))).toBe(naiveCrc32c(bytes));
    }),
  );
});
