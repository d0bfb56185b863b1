import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRng } from '../../../lib/runtime/index.ts';
import { encodeChunk } from '../../../lib/tsdb/chunk/index.ts';
import {
  labelsFrom,
  newUlid,
  writeBlock,
  type BlockInfo,
  type Labels,
  type SnapshotRequest,
  type StoreStats,
} from '../../../lib/tsdb/index.ts';
import { blockInfo } from '../../share/block-fixture.ts';
import { wholeContent, type DumpContent } from '../selection/content.ts';
import { DumpRig, hourMs, hours, LocalStoreFake, startMs } from '../dump-fixture.ts';

const scrapeMs = 15_000;
const minuteMs = 60_000;

/** How the values of a store's series go on. */
type Kind = 'still' | 'lifelike' | 'noisy';

/** What a block of a test holds. */
interface Plan {
  fromMs: number;
  toMs: number;
  kind: Kind;
  metrics: number;
  /** Series that live for a part of the time only, of a hundred. */
  churn?: number;
  seed: number;
}

const nodes = ['app-1.example:8067', 'app-2.example:8067', 'db-1.example:9100'];

/** Series of some metrics on three nodes, in order. */
function labelSets({ churn = 0, metrics, seed }: Plan): Labels[] {
  const sets: Labels[] = [];
  for (let metric = 0; metric < metrics; metric++) {
    const isOfBlock = (metric * 37) % 100 < churn;
    const name = `metric_${String(metric).padStart(4, '0')}_${metric % 3 === 0 ? 'total' : 'now'}`;
    for (const instance of nodes) {
      for (let part = 0; part < 4; part++) {
        sets.push(
          labelsFrom([
            ['__name__', name],
            ['instance', instance],
            ['job', instance.startsWith('db') ? 'node' : 'mattermost'],
            ['path', `/api/v4/${String(part)}/${isOfBlock ? String(seed) : 'all'}`],
          ]),
        );
      }
    }
  }
  return sets;
}

function chunksOf(timesMs: number[], kind: Kind, rng: ReturnType<typeof seededRng>) {
  const times = Float64Array.from(timesMs);
  const values = new Float64Array(times.length);
  const bits = new Uint32Array(values.buffer);
  const isStill = kind === 'still' || (kind === 'lifelike' && rng.u32() % 2 === 0);
  let value = rng.u32() % 10_000;
  for (let at = 0; at < values.length; at++) {
    if (!isStill && rng.u32() % 3 > 0) value += rng.u32() % 500;
    values[at] = kind === 'noisy' ? rng.u32() / (1 + rng.u32()) : value;
  }
  const lo = bits.filter((_, at) => at % 2 === 0);
  const hi = bits.filter((_, at) => at % 2 === 1);
  const chunks = [];
  for (let from = 0; from < times.length; from += 120) {
    const to = Math.min(times.length, from + 120);
    const data = encodeChunk(times, lo, hi, from, to);
    chunks.push({ mint: times[from]!, maxt: times[to - 1]!, numSamples: to - from, data });
  }
  return chunks;
}

async function writePlan(parentDir: string, plan: Plan): Promise<BlockInfo> {
  const { churn = 0, fromMs, kind, seed, toMs } = plan;
  const rng = seededRng(seed);
  await mkdir(parentDir, { recursive: true });
  const series = labelSets(plan).map((labels, at) => {
    const isShort = at % 100 < churn;
    const startsMs = isShort ? fromMs + (rng.u32() % 100) * scrapeMs : fromMs;
    const endsMs = isShort ? Math.min(toMs, startsMs + 40 * scrapeMs) : toMs;
    const times: number[] = [];
    for (let timeMs = startsMs; timeMs < endsMs; timeMs += scrapeMs) times.push(timeMs);
    return { labels, chunks: times.length === 0 ? [] : chunksOf(times, kind, rng) };
  });
  const written = writeBlock({ parentDir, ulid: newUlid(toMs, rng), series });
  return await blockInfo(written!.dir);
}

/** A store with a head that is as its plan says. */
class PlannedStore extends LocalStoreFake {
  plan: Plan | undefined;
  #size = { numSamples: 0, numSeries: 0 };
  #heads = 0;

  async setHead(parentDir: string, plan: Plan): Promise<void> {
    this.plan = plan;
    this.#size = await writePlan(join(parentDir, `head-${String(this.#heads++)}`), plan);
  }

  override async snapshotHead(request: SnapshotRequest): Promise<BlockInfo | undefined> {
    if (this.plan === undefined) return undefined;
    const fromMs = Math.max(this.plan.fromMs, request.mint ?? 0);
    const toMs = Math.min(this.plan.toMs, request.maxt ?? Infinity);
    if (fromMs >= toMs) return undefined;
    return await writePlan(request.parentDir, { ...this.plan, fromMs, toMs });
  }

  override stats(): StoreStats {
    const head = this.plan;
    const size = { headSamples: this.#size.numSamples, headSeries: this.#size.numSeries };
    if (head === undefined) return super.stats();
    const range = { headMinMs: head.fromMs, headMaxMs: head.toMs - scrapeMs };
    return { ...super.stats(), ...size, ...range };
  }
}

let rig: DumpRig;
let store: PlannedStore;

beforeEach(async () => {
  rig = await DumpRig.create();
  store = new PlannedStore();
  Object.assign(rig, { local: store });
  rig.restart();
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

async function addBlocks(
  plan: Omit<Plan, 'fromMs' | 'toMs' | 'seed'>,
  ...spans: [number, number][]
) {
  for (const [at, [from, to]] of spans.entries()) {
    const range = { fromMs: startMs - from * hourMs, toMs: startMs - to * hourMs };
    store.add(await writePlan(rig.dataDirectory, { ...plan, ...range, seed: 50 + at }));
  }
}

/** Compares an estimate with what comes out. */
async function check(from: number, to: number, content: Partial<DumpContent> = {}): Promise<void> {
  const asked = { ...wholeContent, ...content };
  const told = await rig.service.estimate(hours(from, to), asked);
  const { id } = await rig.service.create(hours(from, to), 'admin', asked);
  const { error, samples, series, sizeBytes } = await rig.finished(id);
  expect(error).toBeNull();
  const off = {
    bytes: told.bytes / sizeBytes!,
    samples: told.samples / samples!,
    series: told.series / series!,
  };
  const isNear = Object.values(off).every((ratio) => ratio > 0.75 && ratio < 1.25);
  if (!isNear) {
    throw new Error(
      `${JSON.stringify(off)} of hours ${String([from, to])} ${JSON.stringify(content)}`,
    );
  }
}

const half = { nodes: [], jobs: ['mattermost'], metrics: ['metric_00*'] };
const one = { nodes: ['db-1.example'], jobs: [], metrics: ['*_total'] };

describe('an estimate is within a quarter of what comes out', () => {
  test.each<[Kind, number]>([
    ['still', 60],
    ['lifelike', 60],
    ['noisy', 60],
  ])('of a store of %s series, cut, filtered, thinned and redacted', async (kind, metrics) => {
    await addBlocks({ kind, metrics }, [0.5, 0.25], [0.25, 0]);
    await check(0.5, 0);
    await check(0.4, 0.1, { filter: half });
    await check(0.5, 0, { filter: one, stepSeconds: 60, redaction: 'hosts-and-ids' });
  });

  test('of series that come and go', async () => {
    await addBlocks({ kind: 'lifelike', metrics: 60, churn: 40 }, [0.6, 0.4], [0.4, 0.2], [0.2, 0]);
    await check(0.6, 0);
    await check(0.5, 0, { filter: half, stepSeconds: 60 });
  });

  test('of a block and a head', async () => {
    const plan = { kind: 'lifelike', metrics: 60, seed: 9 } as const;
    await store.setHead(rig.root, { ...plan, fromMs: startMs - 1.25 * hourMs, toMs: startMs });
    await check(0.5, 0, { filter: half });
    await addBlocks(plan, [1.5, 1.25]);
    await check(1.5, 0.2, { stepSeconds: 60 });
  });

  test('of a head that has grown since it was asked about', async () => {
    const plan = { kind: 'lifelike', metrics: 60, seed: 9, toMs: startMs } as const;
    await store.setHead(rig.root, { ...plan, fromMs: startMs - 60_000 });
    await check(0.5, 0, { stepSeconds: 60 });
    // By now it has more than half an hour.
    await store.setHead(rig.root, {
      ...plan,
      fromMs: startMs - 0.5 * hourMs,
      toMs: startMs + 600_000,
    });
    await check(0.5, 0);
    await check(0.5, 0, { stepSeconds: 60 });
  });

  test('of the last minutes of a head that has grown since it was looked at', async () => {
    const plan = {
      kind: 'lifelike',
      metrics: 60,
      seed: 9,
      fromMs: startMs - 11 * minuteMs,
    } as const;
    for (const stepSeconds of [60, 300, 3600]) {
      for (const minutes of [1, 5]) {
        await store.setHead(rig.root, { ...plan, toMs: startMs - 50_000 });
        await rig.service.estimate(hours(0.5, 0), { ...wholeContent, stepSeconds });
        await store.setHead(rig.root, { ...plan, toMs: startMs });
        await check(minutes / 60, 0, { stepSeconds });
      }
    }
  });

  test('of snapshots of heads in the file store, of which each has another length', async () => {
    const spans = [
      [20, 12],
      [12, 2],
      [2, 1],
      [1, 0.5],
      [0.5, 0],
    ] as const;
    for (const [at, [from, to]] of spans.entries()) {
      const range = { fromMs: startMs - from * minuteMs, toMs: startMs - to * minuteMs };
      const block = await writePlan(rig.dataDirectory, {
        ...range,
        ...{ kind: 'lifelike', metrics: 20, seed: 70 + at },
      });
      store.add(block);
      await rig.makeRemote(block, 'head');
    }
    await rig.heads.refresh();
    await check(1 / 60, 0, { stepSeconds: 300 });
    await check(5 / 60, 0, { stepSeconds: 3600 });
    await check(15 / 60, 0, { stepSeconds: 60 });
  });

  test('of blocks in the file store only', async () => {
    await addBlocks({ kind: 'lifelike', metrics: 60 }, [0.5, 0.25], [0.25, 0]);
    for (const block of store.blocks()) await rig.makeRemote(block);
    await rig.catalog.refresh();
    await check(0.5, 0, { filter: half, stepSeconds: 60 });
  });
});
