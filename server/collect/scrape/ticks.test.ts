import { expect, test } from '@jest/globals';
import { alignedTimeMs, nextTickMs, tickOffsetMs } from './ticks.ts';

test('ticks are multiples of the interval with an offset, whenever one looks', () => {
  expect(nextTickMs(0, 15_000, 4000)).toBe(4000);
  expect(nextTickMs(4000, 15_000, 4000)).toBe(19_000);
  expect(nextTickMs(18_999, 15_000, 4000)).toBe(19_000);
  expect(nextTickMs(1_700_000_000_123, 15_000, 4000)).toBe(1_700_000_014_000);
});

test('offsets are stable, inside the interval and spread', () => {
  const offsets = Array.from({ length: 200 }, (_, at) =>
    tickOffsetMs(`node node${String(at)}`, 15_000),
  );
  expect(offsets).toEqual(
    Array.from({ length: 200 }, (_, at) => tickOffsetMs(`node node${String(at)}`, 15_000)),
  );
  expect(Math.min(...offsets)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...offsets)).toBeLessThan(15_000);
  for (let third = 0; third < 3; third++) {
    const inside = offsets.filter((offset) => Math.floor(offset / 5000) === third);
    expect(inside.length).toBeGreaterThan(40);
  }
});

test('a scrape that is a little late is stored at its tick, a late one where it took place', () => {
  expect(alignedTimeMs(10_000, 10_050, 1000)).toBe(10_000);
  expect(alignedTimeMs(10_000, 9999, 1000)).toBe(10_000);
  expect(alignedTimeMs(10_000, 10_051, 1000)).toBe(10_051);
  expect(alignedTimeMs(60_000, 60_600, 60_000)).toBe(60_000);
  expect(alignedTimeMs(60_000, 60_601, 60_000)).toBe(60_601);
});
