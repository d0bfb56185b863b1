import { expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../runtime/index.ts';
import { readCount } from './digits.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);

test(`reads a number of digits whose end is known, and nothing else (seed ${String(seed)})`, () => {
  const rng = seededRng(seed);
  const f = (text: string) => {
    // What stands before and behind must not matter.
    const body = new TextEncoder().encode(`x{y="9"} 99${text}99`);
    return readCount(new DataView(body.buffer), body.length - 2, text.length);
  };
  for (let length = 1; length <= 8; length++) {
    for (let round = 0; round < 5; round++) {
      const text = String(rng.u32() % 10 ** length).padStart(length, '0');
      expect([text, f(text)]).toEqual([text, Number(text)]);
      const at = rng.u32() % length;
      for (let byte = 0; byte < 128; byte++) {
        if (byte >= 48 && byte <= 57) continue;
        const wrong = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
        expect([wrong, f(wrong)]).toEqual([wrong, -1]);
      }
    }
    const beyondAscii = new Uint8Array(16).fill(0xb1);
    expect(readCount(new DataView(beyondAscii.buffer), 16, length)).toBe(-1);
  }
});
