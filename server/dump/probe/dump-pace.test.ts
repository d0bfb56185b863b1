import { expect, test } from '@jest/globals';
import { wholeContent } from '../content.ts';
import { newRecord } from '../job-record.ts';
import { DumpPace } from './dump-pace.ts';

const mib = 1024 * 1024;
const result = {
  ...{ bytes: 150 * mib, samples: 1e8, series: 1 },
  ...{ sourceBytes: 200 * mib, sourceSamples: 1e8 },
};

/** A finished dump that took so long. */
function made(seconds: number, facts: object = {}) {
  const content = wholeContent;
  const range = { fromMs: 1, toMs: 2 };
  const asked = { range, content, userId: '', node: 'here', owner: '', nowMs: 0 };
  const { dump } = newRecord('a'.repeat(26), asked);
  const end = { startedAtMs: 0, finishedAtMs: seconds * 1000, sizeBytes: 150 * mib };
  return Object.assign(dump, { state: 'ready', ...end, ...facts });
}

function seconds(dumps: ReturnType<typeof made>[], stepSeconds = 0): number {
  return new DumpPace('here', () => dumps).seconds(result, { stepSeconds });
}

test('takes longer for more, and for thinning', () => {
  const modest = seconds([]);
  expect(modest).toBeGreaterThan(10);
  expect(seconds([], 60)).toBeGreaterThan(modest);
});

test('is that of the dumps that this node made, the middle one of the last', () => {
  const modest = seconds([]);
  expect(seconds([made(61), made(30), made(4)])).toBeCloseTo(30, -1);
  expect(seconds([made(100), made(100), made(100)])).toBeGreaterThan(3 * modest);
  const last = Array.from({ length: 5 }, () => made(61));
  expect(seconds([...last, ...Array.from({ length: 9 }, () => made(5))])).toBeGreaterThan(40);
});

test.each([
  { node: 'there' },
  { state: 'failed' },
  { stepSeconds: 60 },
  { filter: { nodes: [], jobs: [], metrics: ['up'] } },
  { sizeBytes: 0 },
  { startedAtMs: null },
  { finishedAtMs: 2000 },
])('learns nothing of a dump with %j', (facts) => {
  expect(seconds([made(500, facts)])).toBe(seconds([]));
});
