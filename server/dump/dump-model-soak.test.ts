import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRng, systemClock } from '../../lib/runtime/index.ts';
import { newUlid, openBlock, writeBlock, type BlockInfo } from '../../lib/tsdb/index.ts';
import { printTombstones } from '../../lib/tsdb/block/index.ts';
import {
  bitsOf,
  modelOf,
  put,
  seriesOf,
  sorted,
  staleBits,
  type Model,
} from '../../lib/tsdb/model-fixture.ts';
import { blockInfo, removeTree } from '../share/block-fixture.ts';
import type { TimeRange } from './selection/selection.ts';
import { DumpRig, hasProgram, hourMs, startMs } from './dump-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const rng = seededRng(seed);
/** `make soak` tries many stores; a plain test run takes its share with a new seed each time. */
const isSoak = process.env['SOAK'] === '1';
const rounds = isSoak ? 100 : 3;
const stepMs = 15_000;
const storeHours = 8;
const seriesCount = 4;

/** A whole number from 0 on, below `limit`. */
function below(limit: number): number {
  return rng.u32() % limit;
}

function chance(percent: number): boolean {
  return below(100) < percent;
}

let rig: DumpRig;
/** All samples that are in the store, wherever. */
let all: Model;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
  all = new Map();
});

afterEach(async () => {
  await rig.service.stop();
  await removeTree(rig.root);
});

/** Some series over a range: late starts, gaps, staleness markers, and times of a rhythm of their own. */
function randomModel(fromMs: number, toMs: number): Model {
  const model: Model = new Map();
  for (let at = 0; at < seriesCount; at++) {
    if (chance(25)) continue;
    const labels = ['__name__', `metric_${String(at)}`, 'instance', `host${String(at % 2)}:8067`];
    let timeMs = fromMs + below(2 * stepMs);
    while (timeMs < toMs) {
      // The value says series and time: whichever block a sample is taken from, it is the same.
      const isEnd = Math.floor(timeMs / stepMs) % 37 === at;
      put(model, labels, timeMs, isEnd ? staleBits : bitsOf(timeMs / 1000 + at));
      timeMs += chance(1) ? below(40) * stepMs + stepMs : stepMs;
    }
  }
  return model;
}

/** Writes a block, sometimes with tombstones; what is not deleted in it is in `all` from then on. */
async function randomBlock(parentDir: string, model: Model): Promise<BlockInfo | undefined> {
  await mkdir(parentDir, { recursive: true });
  const ulid = newUlid(startMs, rng);
  const written = writeBlock({ parentDir, ulid, series: seriesOf(model, 1 + below(150)) });
  if (written === undefined) return undefined;
  if (chance(40)) deleteSome(written.dir);
  const reader = openBlock(written.dir);
  const kept = withoutDeleted(modelOf(reader), reader);
  reader.close();
  for (const [key, samples] of kept) {
    for (const [timeMs, bits] of samples) put(all, JSON.parse(key) as string[], timeMs, bits);
  }
  return await blockInfo(written.dir);
}

function deleteSome(dir: string): void {
  const reader = openBlock(dir);
  const { maxTime, minTime } = reader.meta;
  const times = [...modelOf(reader).values()].flatMap((samples) => [...samples.keys()]);
  const cuts = [...reader.index.allPostings()].map((ref) => {
    // Some begin or end at a sample.
    const at = chance(50) ? times[below(times.length)]! : minTime + below(maxTime - minTime);
    const spanMs = below(hourMs);
    const mint = chance(50) ? at : at - spanMs;
    return [ref, [{ mint, maxt: mint + spanMs }]] as const;
  });
  reader.close();
  writeFileSync(join(dir, 'tombstones'), printTombstones(new Map(cuts)));
}

function withoutDeleted(model: Model, reader: ReturnType<typeof openBlock>): Model {
  const refs = [...reader.index.allPostings()];
  const keys = [...reader.series()].map(({ labels }) => JSON.stringify(labels));
  for (const [at, ref] of refs.entries()) {
    const samples = model.get(keys[at] ?? '');
    for (const { mint, maxt } of reader.tombstones.get(ref) ?? []) {
      for (const timeMs of samples?.keys() ?? []) {
        if (timeMs >= mint && timeMs <= maxt) samples?.delete(timeMs);
      }
    }
  }
  return model;
}

/** Blocks here and in the file store, of two collectors, with overlaps and holes; snapshots; a head. */
async function fillStore(): Promise<void> {
  for (let count = 2 + below(5); count > 0; count--) {
    const fromMs = startMs - hourMs * (2 + below(storeHours - 2)) - below(hourMs);
    const toMs = Math.min(startMs, fromMs + hourMs + below(2 * hourMs));
    const model = randomModel(fromMs, toMs);
    const block = await randomBlock(rig.dataDirectory, model);
    if (block === undefined) continue;
    rig.local.add(block);
    if (chance(50)) await rig.makeRemote(block, chance(25) ? 'head' : 'data');
  }
  const head = randomModel(startMs - hourMs, startMs);
  if (chance(70)) await addHead(head);
  await rig.heads.refresh();
}

async function addHead(model: Model): Promise<void> {
  const block = await randomBlock(join(rig.root, 'head-model'), model);
  if (block === undefined) return;
  rig.local.head = { mint: block.mint, maxt: block.maxt - 1 };
  rig.local.snapshotHead = async ({ maxt = Infinity, mint = -Infinity, parentDir }) => {
    const reader = openBlock(block.dir);
    const kept = inRange(withoutDeleted(modelOf(reader), reader), { fromMs: mint, toMs: maxt });
    reader.close();
    const ulid = newUlid(startMs, rng);
    const written = writeBlock({ parentDir, ulid, series: seriesOf(kept, 120) });
    return written === undefined ? undefined : await blockInfo(written.dir);
  };
}

/** The naive filter that dumps are measured by. */
function inRange(model: Model, { fromMs, toMs }: TimeRange): Model {
  const kept: Model = new Map();
  for (const [key, samples] of model) {
    for (const [timeMs, bits] of samples) {
      if (timeMs >= fromMs && timeMs < toMs) put(kept, JSON.parse(key) as string[], timeMs, bits);
    }
  }
  return kept;
}

function countOf(model: Model): number {
  return [...model.values()].reduce((sum, samples) => sum + samples.size, 0);
}

/** Short ones, long ones, ones that begin and end at a sample, and ones beyond all. */
function randomRange(): TimeRange {
  const spanMs = (storeHours + 1) * hourMs;
  const fromMs = startMs - below(spanMs);
  const toMs = fromMs + 1 + below(chance(20) ? 2 * stepMs : spanMs);
  if (!chance(30)) return { fromMs, toMs };
  const times = [...all.values()].flatMap((samples) => [...samples.keys()]);
  const first = times[below(Math.max(1, times.length))] ?? fromMs;
  return { fromMs: first, toMs: Math.max(first + 1, times[below(times.length)] ?? toMs) };
}

/** Samples of an unpacked dump; the blocks of one never overlap. */
function packedModel(dir: string, ulids: readonly string[]): Model {
  const model: Model = new Map();
  for (const ulid of ulids) {
    const reader = openBlock(join(dir, ulid));
    for (const [key, samples] of modelOf(reader)) {
      for (const [timeMs, bits] of samples) {
        expect(model.get(key)?.has(timeMs) ?? false).toBe(false);
        put(model, JSON.parse(key) as string[], timeMs, bits);
      }
    }
    reader.close();
  }
  return model;
}

/** Builds a dump of the range and holds its samples against the naive filter. */
async function check(range: TimeRange, isReadByOthers: boolean): Promise<void> {
  const wanted = inRange(all, range);
  const asked = await rig.service.create(range, 'admin').catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'DUMP_RANGE_EMPTY' });
    return undefined;
  });
  const dump = asked && (await rig.finished(asked.id));
  if (dump?.state !== 'ready') {
    expect(dump?.error?.code ?? 'DUMP_RANGE_EMPTY').toBe('DUMP_RANGE_EMPTY');
    expect(countOf(wanted)).toBe(0);
    return;
  }
  const { dir, manifest } = await rig.unpack(dump.id);
  const packed = packedModel(
    dir,
    manifest.blocks.map(({ ulid }) => ulid),
  );
  expect(sorted(packed)).toEqual(sorted(wanted));
  const times = [...wanted.values()].flatMap((samples) => [...samples.keys()]);
  expect(dump).toMatchObject({
    warnings: [],
    samples: times.length,
    actual: { fromMs: Math.min(...times), toMs: Math.max(...times) },
  });
  if (!isReadByOthers || !hasProgram('promtool')) return;
  expect(sorted(promtoolModel(dir))).toEqual(sorted(wanted));
}

/** Every sample of an unpacked dump as promtool reads it: series, time and value. */
function promtoolModel(dir: string): Model {
  const model: Model = new Map();
  for (const line of execFileSync('promtool', ['tsdb', 'dump', dir])
    .toString()
    .trim()
    .split('\n')) {
    const [, labels = '', value = '', timeMs = ''] = /^\{(.*)\} (\S+) (\d+)$/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].flatMap(([, name = '', text = '']) => [
      name,
      text,
    ]);
    expect(model.get(JSON.stringify(pairs))?.has(Number(timeMs)) ?? false).toBe(false);
    // The only one that was put in; promtool prints none of its bits.
    put(model, pairs, Number(timeMs), value === 'NaN' ? staleBits : bitsOf(Number(value)));
  }
  return model;
}

describe(`dumps of random ranges of random stores, seed ${String(seed)}`, () => {
  test.each(Array.from({ length: rounds }, (_, at) => at + 1))(
    'hold what a naive filter of all samples gives, store %i',
    async () => {
      await fillStore();
      for (let at = 0; at < 3; at++) await check(randomRange(), at === 0);
    },
  );
});
