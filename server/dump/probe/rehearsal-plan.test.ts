import { expect, test } from '@jest/globals';
import { planRehearsals } from './rehearsal-plan.ts';
import type { ProbeRequest, ProbeSource } from './protocol.ts';

const filter = { nodes: [], jobs: ['mattermost'], metrics: [] };

/** A block of 100 samples per unit of time. */
function block(mint: number, maxt: number, dir: string | null = String(mint)): ProbeSource {
  const numSamples = 100 * (maxt - mint);
  return { mint, maxt, numSamples, numSeries: 10, sizeBytes: 1000, dir, kind: 'block' };
}

function plan(sources: ProbeSource[], range: [number, number], more: Partial<ProbeRequest> = {}) {
  const [fromMs, toMs] = range;
  const request = { sources, fromMs, toMs, filter: null, isRedacted: false, thinning: null };
  return planRehearsals({ ...request, ...more }).map(({ range: tried, source, times }) => ({
    dir: source.dir,
    tried: [tried.fromMs, tried.toMs],
    times,
  }));
}

const three = [block(0, 80), block(80, 140), block(140, 160)];

test('tries the largest of the whole blocks, and the one that the range cuts', () => {
  expect(plan(three, [20, 160])).toEqual([
    { dir: '80', tried: [20, 160], times: 80 / 60 },
    { dir: '0', tried: [20, 160], times: 1 },
  ]);
});

test('tries the same two where all of them are written anew: cutting costs more', () => {
  for (const more of [{ filter }, { isRedacted: true }]) {
    expect(plan(three, [20, 160], more)).toEqual(plan(three, [20, 160]));
  }
  expect(plan(three, [0, 160], { filter })).toEqual([{ dir: '0', tried: [0, 160], times: 2 }]);
});

test('lets what is small count as if it were like the rest', () => {
  expect(plan(three, [78, 160])).toEqual([{ dir: '80', tried: [78, 160], times: 82 / 60 }]);
});

test('lets a block that is here stand for those that are not', () => {
  const far = [block(0, 80, null), block(80, 140, null), block(140, 160)];
  expect(plan(far, [20, 160])).toEqual([
    { dir: '140', tried: [20, 160], times: 4 },
    // Half of it, as if the range cut it.
    { dir: '140', tried: [150, 160], times: 6 },
  ]);
});

test('lets a part of the head stand for the head', () => {
  const head: ProbeSource = { ...block(0, 40, null), kind: 'head' };
  const part: ProbeSource = { ...block(30, 40, 'part'), kind: 'head-part' };
  expect(plan([head, part], [20, 100])).toEqual([{ dir: 'part', tried: [30, 40], times: 2 }]);
});

test('tries nothing where nothing is here, or nothing is asked for', () => {
  expect(plan([block(0, 80, null)], [0, 80])).toEqual([]);
  expect(plan(three, [200, 300])).toEqual([]);
});
