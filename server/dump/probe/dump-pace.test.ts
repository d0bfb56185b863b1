import { expect, test } from '@jest/globals';
import { wholeContent, type DumpContent } from '../selection/content.ts';
import { newRecord } from '../jobs/job-record.ts';
import { DumpPace, type DumpWork, type StoreRates } from './dump-pace.ts';

const hourMs = 3_600_000;
const range = { fromMs: 10 * hourMs, toMs: 34 * hourMs };
const unknown: StoreRates = { get: undefined, put: undefined };
const thinned: DumpContent = { ...wholeContent, stepSeconds: 60 };

/** 20 s of packing and 4 s of reading back, as it was tried. */
const work: DumpWork = {
  rehearsed: [
    { packMs: 15_000, checkMs: 3_000, archiveBytes: 75e6 },
    { packMs: 5_000, checkMs: 1_000, archiveBytes: 25e6 },
  ],
  ...{ coldMs: 300, slowdown: 1, startMs: 500, snapshotMs: 0 },
  ...{ bytes: 100e6, sourceBytes: 150e6, fetchedBytes: 0 },
};

function told(more: Partial<DumpWork> = {}, rates: Partial<StoreRates> = {}): number {
  const asked = { ...work, ...more };
  return new DumpPace().seconds(asked, range, wholeContent, { ...unknown, ...rates });
}

/** A finished dump that took so long. */
function made(seconds: number, facts: object = {}, content = wholeContent) {
  const asked = { range, content, userId: '', node: 'here', owner: '', nowMs: 0 };
  const { dump } = newRecord('a'.repeat(26), asked);
  return Object.assign(dump, {
    ...{ state: 'ready', startedAtMs: 0, finishedAtMs: seconds * 1000 },
    ...facts,
  });
}

test('is the sum of what was tried, the first start of a worker, and little else', () => {
  expect(told()).toBeCloseTo(25, 0);
  expect(told({ snapshotMs: 2_000 })).toBeCloseTo(told() + 2, 5);
  expect(told({ startMs: 1_500 })).toBeCloseTo(told() + 1, 5);
});

test('takes as many times longer as the clock has gone on beside the work that was tried', () => {
  // Twice the 24.3 s, and the start of the worker as it was.
  expect(told({ slowdown: 2 })).toBeCloseTo(told() + 24.3, 1);
  expect(told({ slowdown: 2 }, { put: 2_000 })).toBeCloseTo(told({}, { put: 2_000 }) + 4.3, 1);
});

test('reads back as many bytes as come out, not as were tried', () => {
  expect(told({ bytes: 50e6 })).toBeCloseTo(told() - 2, 1);
});

test('goes by the file store where that is the slowest', () => {
  expect(told({}, { put: 50_000, get: 100_000 })).toBe(told());
  // 50 s to store it instead of 20 s to pack it; 10 s to read it back instead of 4 s.
  expect(told({}, { put: 2_000 })).toBeCloseTo(told() + 30, 1);
  expect(told({}, { get: 10_000 })).toBeCloseTo(told() + 6, 1);
  expect(told({ fetchedBytes: 60e6 }, { get: 30_000 })).toBeCloseTo(told() + 2, 1);
});

test('says something of blocks of which none is on this node', () => {
  expect(told({ rehearsed: [] })).toBeGreaterThan(10);
});

test('is never nothing', () => {
  const none = { rehearsed: [], bytes: 0, sourceBytes: 0, startMs: 0 };
  expect(told(none)).toBeGreaterThan(0);
});

/** What is told after such dumps, each of which was asked for before. */
function after(dumps: ReturnType<typeof made>[], content = wholeContent, asked = range): number {
  const pace = new DumpPace();
  const tell = () => pace.seconds(work, asked, content, unknown);
  for (const dump of dumps) {
    tell();
    pace.learn(dump);
  }
  return tell();
}

test('is corrected by dumps that this node has made, the more of them the further', () => {
  const one = after([made(50)]);
  expect(one).toBeGreaterThan(told() * 1.3);
  expect(one).toBeLessThan(50);
  expect(after(Array.from({ length: 5 }, () => made(50)))).toBeGreaterThan(one);
  expect(after([made(12.5)])).toBeLessThan(told() * 0.8);
});

/** What is told after a dump that took so long and so much CPU time; 24.3 s were told of either. */
function afterWork(seconds: number, workSeconds: number): number {
  const pace = new DumpPace();
  pace.seconds(work, range, wholeContent, unknown);
  pace.learn(made(seconds), workSeconds * 1000);
  return pace.seconds(work, range, wholeContent, unknown);
}

test('learns of other programs beside a dump only a little, of its own work all', () => {
  expect(afterWork(25, 24.3)).toBeCloseTo(told(), 0);
  // Half of what one dump teaches is believed: the root of a quarter more.
  expect(afterWork(75, 24.3)).toBeCloseTo(told() * 1.25 ** 0.5, 0);
  expect(afterWork(50, 48.6)).toBeCloseTo(told() * 2 ** 0.5, 0);
  expect(afterWork(12.5, 12.15)).toBeCloseTo(told() * 0.5 ** 0.5, 0);
});

test('goes by the middle one of the last five, and never off beyond a factor', () => {
  expect(after([made(25), made(25), made(500)])).toBeCloseTo(told(), 0);
  const last = Array.from({ length: 5 }, () => made(25));
  expect(after([...Array.from({ length: 9 }, () => made(400)), ...last])).toBeCloseTo(told(), 0);
  expect(after([made(4000), made(4000), made(4000)])).toBeCloseTo(3 * told(), 0);
});

test('learns from dumps of the same form only', () => {
  const pace = new DumpPace();
  pace.seconds(work, range, thinned, unknown);
  pace.learn(made(100, {}, thinned));
  expect(pace.seconds(work, range, wholeContent, unknown)).toBe(told());
  expect(pace.seconds(work, range, thinned, unknown)).toBeGreaterThan(told());
});

test('learns from a dump that was asked for a little later than its estimate', () => {
  const later = { fromMs: range.fromMs + 60_000, toMs: range.toMs + 60_000 };
  expect(after([made(50, { requested: later })])).toBeGreaterThan(told() * 1.3);
  const half = { fromMs: range.fromMs, toMs: range.fromMs + 12 * hourMs };
  expect(after([made(50, { requested: half })])).toBe(told());
});

test.each([
  { state: 'failed' },
  { startedAtMs: null },
  { finishedAtMs: null },
  { finishedAtMs: 2000 },
  { stepSeconds: 60 },
  { filter: { nodes: [], jobs: [], metrics: ['up'] } },
  { redaction: 'hosts-and-ids' },
])('learns nothing of a dump with %j', (facts) => {
  expect(after([made(500, facts)])).toBe(told());
});
