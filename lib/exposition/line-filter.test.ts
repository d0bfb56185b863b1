import { expect, test } from '@jest/globals';
import { seededRng } from '../runtime/index.ts';
import { LineFilter } from './line-filter.ts';
import { ParsedBody } from './parsed-body.ts';

const seed = Number(process.env['SEED'] ?? 11);

function bodyOf(hashes: readonly number[]): ParsedBody {
  const body = new ParsedBody();
  body.count = hashes.length;
  body.layout.hash = Int32Array.from(hashes);
  return body;
}

test(`never denies a line that is there, and mostly those that are not (seed ${String(seed)})`, () => {
  const { u32 } = seededRng(seed);
  const newHash = () => u32() | 0;
  const filter = new LineFilter();
  let hashes = Array.from({ length: 3000 }, newHash);
  let built = 0;
  let wrong = 0;
  for (let body = 0; body < 60; body++) {
    filter.turn(hashes.length);
    if (!filter.isBuilt) {
      built++;
      filter.build(bodyOf(hashes.slice(0, 2000)), bodyOf(hashes.slice(2000)));
    }
    const added = Array.from({ length: 100 }, newHash);
    for (const hash of added) if (filter.meet(hash)) wrong++;
    hashes = [...hashes.slice(100), ...added];
    for (const hash of hashes) expect(filter.meet(hash)).toBe(true);
  }
  expect(built).toBeGreaterThan(3);
  expect(built).toBeLessThan(12);
  expect(wrong / 6000).toBeLessThan(0.15);
});

test('gives up what it has of a body that was far larger', () => {
  const filter = new LineFilter();
  filter.build(bodyOf(Array.from({ length: 100_000 }, (_, at) => at * 77_777)), bodyOf([]));
  filter.turn(10);
  expect(filter.isBuilt).toBe(false);
});
