import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareBytes, compareUtf8, fromHex, toHex } from './index.ts';

test('orders strings as their UTF-8 bytes', () => {
  const encoder = new TextEncoder();
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const byBytes = compareBytes(encoder.encode(a), encoder.encode(b));
      expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(byBytes));
    }),
  );
  // U+FFFD sorts before an astral character by bytes, after it by UTF-16 units.
  expect(compareUtf8('\ufffd', '\u{1f600}')).toBeLessThan(0);
});

test('reads back the hex it prints and refuses other texts', () => {
  expect(toHex(fromHex('00 ff\n1a'))).toBe('00ff1a');
  expect(toHex(fromHex('00ff1a'), 2)).toBe('00ff…');
  expect(() => fromHex('0')).toThrow('whole bytes');
  expect(() => fromHex('zz')).toThrow('whole bytes');
});
