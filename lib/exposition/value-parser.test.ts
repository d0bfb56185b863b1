import { expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../runtime/index.ts';
import { parseBody } from './parse-body-fixture.ts';
import { notANumber, outOfRange, ValueParser } from './value-parser.ts';

const encoder = new TextEncoder();
const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);

function parse(text: string): string | number {
  const parser = new ValueParser();
  const end = parser.parse(encoder.encode(`${text}\n`), 0);
  if (end < 0) return end;
  expect(end).toBe(text.length);
  return [parser.halves[1], parser.halves[0]]
    .map((half) => (half ?? 0).toString(16).padStart(8, '0'))
    .join('');
}

function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

test('reads decimals as Go does', () => {
  const f = (text: string, value: number) => expect(parse(text)).toBe(bitsOf(value));
  f('0', 0);
  f('-0', -0);
  f('+5', 5);
  f('.5', 0.5);
  f('1.', 1);
  f('-.5e1', -5);
  f('00012', 12);
  f('999999999', 999_999_999);
  f('1234567890', 1_234_567_890);
  f('1e5', 1e5);
  f('1E-3', 1e-3);
  f('1e0000005', 1e5);
  f('1e22', 1e22);
  f('1e23', 1e23);
  f('9007199254740993', 9_007_199_254_740_992);
  f('0.1234567890123456789', 0.123_456_789_012_345_68);
  f('1.7976931348623157e308', Number.MAX_VALUE);
  f('4.9e-324', Number.MIN_VALUE);
  f('1e-400', 0);
  f('0e99999999', 0);
  f('inf', Infinity);
  f('+Inf', Infinity);
  f('-iNFINITY', -Infinity);
});

test('stores every NaN with the same bits', () => {
  expect(parse('NaN')).toBe('7ff8000000000001');
  expect(parse('nan')).toBe('7ff8000000000001');
});

test('refuses everything else', () => {
  const bad = '+NaN -nan 0x1F 0X1P3 1_0 0b1 - + . e5 1e 1e+ 1.2.3 infi true "1" 1, 1\r nanx';
  for (const text of ['', ...bad.split(' ')])
    expect([text, parse(text)]).toEqual([text, notANumber]);
  expect(parse('1e400')).toBe(outOfRange);
  expect(parse('-1.7976931348623159e308')).toBe(outOfRange);
  expect(parse(`1${'0'.repeat(5000)}`)).toBe(notANumber);
});

test(`agrees with the engine on random decimals (seed ${String(seed)})`, () => {
  const rng = seededRng(seed);
  const digits = (count: number) =>
    Array.from({ length: count }, () => String(rng.u32() % 10)).join('');
  for (let round = 0; round < 5000; round++) {
    const sign = rng.u32() % 4 === 0 ? '-' : '';
    const fraction = rng.u32() % 2 === 0 ? `.${digits(1 + (rng.u32() % 20))}` : '';
    const exponent = rng.u32() % 3 === 0 ? `e${String((rng.u32() % 80) - 40)}` : '';
    const text = `${sign}${digits(1 + (rng.u32() % 20))}${fraction}${exponent}`;
    expect([text, parse(text)]).toEqual([text, bitsOf(Number(text))]);
  }
});

test('agrees with the engine at and beside the middle between two doubles', () => {
  const rng = seededRng(seed);
  for (let round = 0; round < 1000; round++) {
    // An odd number of 54 bits, divided by a small power of two, lies in the middle.
    const odd = 2n ** 53n + 2n * BigInt(rng.u32()) * BigInt(rng.u32() >>> 11) + 1n;
    const places = 1 + (rng.u32() % 3);
    for (const beside of [-1n, 0n, 1n]) {
      const digits = String(odd * 5n ** BigInt(places) + beside);
      const text = `${digits.slice(0, -places)}.${digits.slice(-places)}`;
      expect([text, parse(text)]).toEqual([text, bitsOf(Number(text))]);
    }
  }
});

test('agrees with the engine on what the engine prints', () => {
  const rng = seededRng(seed);
  for (let round = 0; round < 1000; round++) {
    const text = String((rng.u32() / 2 ** 32 + rng.u32()) / 10 ** (rng.u32() % 12));
    expect([text, parse(text)]).toEqual([text, bitsOf(Number(text))]);
  }
});

test('reads values inside a body', () => {
  expect(parseBody('a 1\nb{c="d"}\t-0\ne NaN 5\n').map(({ bits }) => bits)).toEqual([
    '3ff0000000000000',
    '8000000000000000',
    '7ff8000000000001',
  ]);
});
