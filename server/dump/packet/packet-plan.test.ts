import { describe, expect, test } from '@jest/globals';
import { PacketPlan, type PacketLimit } from './packet-plan.ts';

const hourMs = 3_600_000;

function plan(askedMs: number, intervalMs = 15_000): PacketPlan {
  return new PacketPlan(askedMs, intervalMs, { maxBytes: 64 * 1024 * 1024, budgetMs: 60_000 });
}

/** Hours and step of everything that is tried. */
function tried(of: PacketPlan, limit: PacketLimit): [hours: number, stepSeconds: number][] {
  const all: [number, number][] = [];
  do all.push([of.spanMs / hourMs, of.stepSeconds]);
  while (of.reduce(limit));
  return all;
}

describe('what is too large', () => {
  test('is thinned out, then shortened', () => {
    expect(tried(plan(hourMs), 'bytes')).toEqual([
      [1, 0],
      [1, 60],
      [1, 300],
      [0.5, 300],
      [0.25, 300],
      [0.125, 300],
    ]);
  });

  test('is not thinned to steps that leave most samples where they are', () => {
    expect(tried(plan(hourMs, 60_000), 'bytes').slice(0, 3)).toEqual([
      [1, 0],
      [1, 300],
      [0.5, 300],
    ]);
    expect(tried(plan(hourMs, 300_000), 'bytes').slice(0, 2)).toEqual([
      [1, 0],
      [0.5, 0],
    ]);
  });
});

test('what takes too long is shortened, with every sample', () => {
  expect(tried(plan(hourMs), 'time')).toEqual([
    [1, 0],
    [0.5, 0],
    [0.25, 0],
    [0.125, 0],
  ]);
  const late = plan(24 * hourMs);
  const spans = [];
  while (late.reduceLate()) spans.push(late.spanMs / hourMs);
  expect(spans).toEqual([3, 3 / 8, 1 / 12]);
  const mixed = plan(24 * hourMs);
  mixed.reduce('bytes');
  mixed.reduce('time');
  expect([mixed.spanMs, mixed.stepSeconds]).toEqual([12 * hourMs, 0]);
});

test('says what it did and why, and nothing when it did nothing', () => {
  const whole = plan(24 * hourMs);
  expect(whole.notes()).toEqual([]);
  whole.reduce('bytes');
  expect(whole.notes()).toEqual([
    'Thinned out to one sample per series and 60 s: a support packet takes at most 64 MiB of metrics.',
  ]);
  whole.reduce('bytes');
  whole.reduce('bytes');
  expect(whole.notes()[1]).toBe(
    'Shortened to the last 12 h instead of 24 h: a support packet takes at most 64 MiB of metrics.',
  );
  const late = plan(hourMs);
  late.reduce('time');
  expect(late.notes()).toEqual([
    'Shortened to the last 30 min instead of 1 h: a support packet waits at most 60 s for them.',
  ]);
  late.reduce('room');
  expect(late.notes()[0]).toContain('no room');
});
