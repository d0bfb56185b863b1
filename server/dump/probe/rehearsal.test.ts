import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRng, type ThreadCall } from '../../../lib/runtime/index.ts';
import { inlineThread, readBlockMeta, type BlockInfo } from '../../../lib/tsdb/index.ts';
import { makeBlock, removeTree } from '../../share/block-fixture.ts';
import { createDumpHandlers } from '../packing/worker-handlers.ts';
import type { ProbeRequest } from './protocol.ts';
import { rehearse } from './rehearsal.ts';
import { createProbeHandlers } from './worker-handlers.ts';

let root: string;
let block: BlockInfo;
let nowMs: number;
let calls: string[];
/** CPU time that packing a block takes in the worker. */
let packMs: (dir: string, nth: number) => number;

const clock = { monotonicMs: () => nowMs, nowMs: () => 1_800_000_000_000 };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rehearsal-'));
  block = await makeBlock({ parentDir: root, mint: 0, maxt: 7_200_000, seriesCount: 64 });
  nowMs = 0;
  calls = [];
  packMs = (_, nth) => [250, 70][nth] ?? 50;
});

afterEach(async () => {
  await removeTree(root);
});

/**
 * A worker in which packing a block is work of 50 ms, 250 ms the first time and 70 ms the second, and
 * checking one 20 ms; the clock goes twice as far.
 */
function thread() {
  let workedMs = 0;
  const inline = inlineThread({
    ...createDumpHandlers(seededRng(1)),
    ...createProbeHandlers(clock, seededRng(2), () => workedMs),
  });
  let packed = 0;
  let isEmpty = true;
  const workMs = (method: string, payload: { blockDirs?: string[]; bytes?: unknown }) => {
    if (method === 'dump.addGroup') {
      isEmpty = payload.blockDirs?.length === 0;
      const [dir] = payload.blockDirs ?? [];
      return dir === undefined ? 0 : packMs(dir, packed++);
    }
    if (method === 'dump.finish') return 5;
    return method === 'dump.check' && payload.bytes === null && !isEmpty ? 20 : 0;
  };
  return {
    call: async (method: string, payload: unknown, options: ThreadCall = {}) => {
      calls.push(method);
      const ms = workMs(method, payload as object);
      workedMs += ms;
      nowMs += 2 * ms;
      return await inline.call(method, payload, options);
    },
    stop: () => Promise.resolve(),
  };
}

async function rehearsed(more: Partial<ProbeRequest> = {}, dir: string | null = block.dir) {
  const parentDir = join(root, 'try');
  const signal = new AbortController().signal;
  const { maxt, mint, numSamples, numSeries, sizeBytes } = block;
  const source = { mint, maxt, numSamples, numSeries, sizeBytes, dir, kind: 'block' as const };
  const range = { fromMs: mint, toMs: maxt };
  const content = { filter: null, isRedacted: false, thinning: null };
  const request = { sources: [source], ...range, ...content, ...more };
  const found = await rehearse({ clock, thread: thread(), parentDir, signal }, request, {
    range,
    source,
  });
  // Nothing is left of what was tried, here or in the worker.
  expect(await readdir(root)).toEqual([block.ulid]);
  expect(calls.filter((call) => call === 'dump.discard').length).toBeGreaterThan(0);
  return found;
}

test('tells what a dump takes, beyond one of nothing, and what the first ones take on top', async () => {
  const { archiveBytes, took, ...times } = (await rehearsed())!;
  expect(times).toEqual({ packMs: 50, checkMs: 20, coldMs: 220 });
  expect(archiveBytes).toBeGreaterThan(500);
  // Three runs behind the first two: there was no time for more.
  expect(took).toEqual({ workMs: 210, wallMs: 420 });
});

test('does with the series what the dump does, those that a filter leaves out included', async () => {
  const instances = ['host-000000', 'host-000001'];
  const filter = { nodes: instances, jobs: [], metrics: [] };
  const thinning = { stepMs: 60_000, types: {} };
  const found = await rehearsed({ filter, isRedacted: true, thinning });
  // Once for those that are selected, once for the others.
  expect(found?.packMs).toBe(100);
  expect(calls).toContain('dump.learnHosts');
});

test('does not multiply what a block takes however small it is', async () => {
  await removeTree(block.dir);
  block = await makeBlock({ parentDir: root, mint: 0, maxt: 7_200_000, seriesCount: 1024 });
  // 40 ms of a block, and one of each series.
  packMs = (dir) => 40 + readBlockMeta(dir).stats.numSeries;
  expect((await rehearsed())?.packMs).toBeCloseTo(1024, 6);
});

test('says nothing of a block that is gone', async () => {
  const { dir } = block;
  calls.push('dump.discard');
  expect(await rehearsed({}, `${dir}-gone`)).toBeUndefined();
});
