import { expect, test } from '@jest/globals';
import { compactGaps } from './gap-compaction.ts';
import type { GapRecord } from './gap-record.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const nowMs = 100 * dayMs;
const oldMs = nowMs - 10 * dayMs;

function gap(id: number, fromMs: number, toMs: number | null, more: Partial<GapRecord> = {}) {
  const record: GapRecord = {
    ...{ id, job: 'a', instance: 'b:1', fromMs, toMs, reason: 'SCRAPE_REFUSED' },
    ...{ message: 'refused', missed: 2, merged: 1 },
    ...more,
  };
  return record;
}

const sizeOfOne = () => {
  for (let maxBytes = 1; ; maxBytes++)
    if (compact([gap(1, 0, 1)], maxBytes).length > 0) return maxBytes;
};

function compact(gaps: GapRecord[], maxBytes: number, oldestMs = 0): GapRecord[] {
  return compactGaps(gaps, { oldestMs, nowMs, maxBytes });
}

/** Room for so many gaps of {@link gap}. */
const roomFor = (count: number) => count * sizeOfOne();

test('joins only what lies closer than the distance of the step', () => {
  const apart = (distanceMs: number) => [
    gap(1, oldMs, oldMs + 5_000),
    gap(2, oldMs + 5_000 + distanceMs, oldMs + 10_000 + distanceMs),
    gap(3, oldMs + 5 * 60 * minuteMs, oldMs + 6 * 60 * minuteMs),
    gap(4, oldMs + 6 * 60 * minuteMs + minuteMs - 1, oldMs + 7 * 60 * minuteMs),
  ];
  const ids = (distanceMs: number) => compact(apart(distanceMs), roomFor(3)).map(({ id }) => id);
  // The first step, of a minute, is enough when one pair is closer.
  expect(ids(minuteMs)).toEqual([1, 2, 3]);
  expect(compact(apart(minuteMs - 1), roomFor(3)).map(({ id }) => id)).toEqual([1, 3]);
});

test('counts what was joined, ends with the last of them and says what that one said', () => {
  const sentence = { id: 'x', values: {} };
  const gaps = [
    gap(1, oldMs, oldMs + 50_000, { sentence }),
    // Of another node, which saw it end earlier.
    gap(2, oldMs + 10_000, oldMs + 20_000, { missed: 3, merged: 4, message: 'refused again' }),
  ];
  const joined = gap(1, oldMs, oldMs + 50_000, { missed: 5, merged: 5, message: 'refused again' });
  expect(compact(gaps, roomFor(1) + 50)).toEqual([joined]);
  // What was given is as it was.
  expect(gaps[0]).toMatchObject({ missed: 2, sentence });
});

test('leaves what is younger than a day apart as long as joining the older is enough', () => {
  const young = nowMs - dayMs;
  const gaps = [
    gap(1, oldMs, oldMs + 1000),
    gap(2, oldMs + 2000, oldMs + 3000),
    gap(3, young + 1000, young + 2000),
    gap(4, young + 3000, young + 4000),
  ];
  expect(compact(gaps, roomFor(3)).map(({ id }) => id)).toEqual([1, 3, 4]);
  expect(compact(gaps, roomFor(2)).map(({ id }) => id)).toEqual([1, 3]);
});

test('never joins gaps of other reasons or targets', () => {
  const at = (id: number, more: Partial<GapRecord>) =>
    gap(id, oldMs + 1000 * id, oldMs + 1000 * id + 500, more);
  const gaps = [
    at(1, {}),
    at(2, { reason: 'SCRAPE_REJECT1' }),
    at(3, { job: 'c' }),
    at(4, { instance: 'b:2' }),
    at(5, {}),
  ];
  const kept = compact(gaps, roomFor(4));
  expect(kept.map(({ id, merged }) => [id, merged])).toEqual([[1, 2], [2, 1], [3, 1], [4, 1]]); // prettier-ignore
});

test('drops the oldest when joining is not enough, and what ended too long ago in any case', () => {
  const gaps = [1, 2, 3, 4].map((id) =>
    gap(id, oldMs + 2 * id * dayMs, oldMs + 2 * id * dayMs + 1),
  );
  expect(compact(gaps, roomFor(2)).map(({ id }) => id)).toEqual([3, 4]);
  const oldestMs = oldMs + 4 * dayMs + 1;
  expect(compact(gaps, roomFor(9), oldestMs).map(({ id }) => id)).toEqual([2, 3, 4]);
  expect(compact(gaps, roomFor(9), oldestMs + 1).map(({ id }) => id)).toEqual([3, 4]);
});

test('leaves a gap that lasts as it is, the very one', () => {
  const open = gap(2, oldMs + 2000, null);
  const kept = compact([gap(1, oldMs, oldMs + 1000), open], roomFor(1) + 10, nowMs);
  expect(kept).toEqual([open]);
  expect(kept[0]).toBe(open);
});
