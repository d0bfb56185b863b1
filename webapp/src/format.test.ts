import { describe, expect, test } from '@jest/globals';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatRange,
  formatShortCount,
  formatSpan,
  formatTime,
  formatUtc,
  wholePercent,
} from './format.ts';

const KIB = 1024;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Newer language data separate with narrow spaces. */
const plain = (text: string) => text.replaceAll(/\s/gu, ' ');

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_023, '1 KiB'],
  [KIB, '1 KiB'],
  [1.5 * KIB, '1.5 KiB'],
  [9.994 * KIB, '9.99 KiB'],
  [9.996 * KIB, '10 KiB'],
  [34.25 * KIB ** 2, '34.3 MiB'],
  [182.4 * KIB ** 2, '182 MiB'],
  [999.6 * KIB ** 2, '0.98 GiB'],
  [2.1 * KIB ** 3, '2.1 GiB'],
  [5 * KIB ** 6, '5,120 PiB'],
])('writes %d bytes as %s', (bytes, want) => {
  expect(plain(formatBytes(bytes, 'en'))).toBe(want);
});

test('keeps a number and its unit on one line', () => {
  expect(formatAge(68 * MINUTE)).toBe('1\u00a0h\u00a08\u00a0min');
  expect(formatBytes(9, 'de')).toBe('9\u00a0B');
});

test.each([
  [0, '0'],
  [11_043, '11,043'],
  [99_999, '99,999'],
  [100_000, '100K'],
  [7_912_455, '7.91M'],
])('shortens the count %d to %s', (count, want) => {
  expect(formatShortCount(count, 'en')).toBe(want);
});

test.each([
  [-5, '0 ms'],
  [38.4, '38 ms'],
  [999, '999 ms'],
  [1_000, '1 s'],
  [1_240, '1.2 s'],
  [9_949, '9.9 s'],
  [9_950, '9 s'],
  [12_900, '12 s'],
  [59_999, '59 s'],
  [MINUTE, '1 min'],
  [HOUR - 1, '59 min'],
  [HOUR, '1 h'],
  [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
  [DAY, '1 d'],
  [3 * DAY + 4 * HOUR + 59 * MINUTE, '3 d 4 h'],
])('writes the duration %d as %s', (ms, want) => {
  expect(plain(formatDuration(ms, 'en'))).toBe(want);
});

test.each([
  [900, '900 ms'],
  [1_500, '1.5 s'],
  [12_500, '12.5 s'],
  [17_345, '17 s'],
  [95_000, '95 s'],
  [119_999, '1 min 59 s'],
  [125_000, '2 min 5 s'],
  [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
])('tells the span %d as %s', (ms, want) => {
  expect(plain(formatSpan(ms, 'en'))).toBe(want);
});

test('counts an age in whole seconds, never below zero', () => {
  expect(plain(formatAge(4_999))).toBe('4 s');
  expect(plain(formatAge(-1))).toBe('0 s');
});

describe('times', () => {
  const ms = Date.UTC(2026, 10, 20, 9, 2, 11);

  test('are written in the zone of the reader', () => {
    expect(plain(formatTime(ms, 'en-US', 'Europe/Berlin'))).toBe('Nov 20, 2026, 10:02 AM');
  });

  test('are written in UTC to the second', () => {
    expect(formatUtc(ms)).toBe('2026-11-20 09:02:11 UTC');
  });

  test('say once what both ends of a range share', () => {
    expect(plain(formatRange(ms - HOUR, ms, 'en-US', 'UTC'))).toBe('Nov 20, 2026, 8:02 – 9:02 AM');
  });

  test('of a range have their year, which need not be this one', () => {
    expect(plain(formatRange(ms - 400 * DAY, ms - 399 * DAY, 'en-US', 'UTC'))).toBe(
      'Oct 16, 2025, 9:02 AM – Oct 17, 2025, 9:02 AM',
    );
  });

  test('write the early hours alike in times and ranges', () => {
    expect(plain(formatTime(ms, 'de', 'UTC'))).toBe('20. Nov. 2026, 09:02');
    expect(plain(formatRange(ms - DAY, ms, 'de', 'UTC'))).toBe(
      '19. Nov. 2026, 09:02 – 20. Nov. 2026, 09:02',
    );
  });
});

test('keeps percents whole and within bounds', () => {
  expect([-1, 0, 41.9, 100, 250].map(wholePercent)).toEqual([0, 0, 41, 100, 100]);
});
