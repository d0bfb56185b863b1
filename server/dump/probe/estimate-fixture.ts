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
import { DumpRig, hours, LocalStoreFake } from '../dump-fixture.ts';
import { wholeContent, type DumpContent } from '../selection/index.ts';

const scrapeMs = 15_000;

/** How the values of a store's series go on. */
export type Kind = 'still' | 'lifelike' | 'noisy';

/** What a block of a test holds. */
export interface Plan {
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

export async function writePlan(parentDir: string, plan: Plan): Promise<BlockInfo> {
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
export class PlannedStore extends LocalStoreFake {
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

/** One node that has begun, over a store that is filled by plans. */
export async function plannedRig(): Promise<{ rig: DumpRig; store: PlannedStore }> {
  const rig = await DumpRig.create();
  const store = new PlannedStore();
  Object.assign(rig, { local: store });
  rig.restart();
  await rig.service.start();
  return { rig, store };
}

/** What an estimate says, and what comes out: the first divided by the second. */
export interface Ratios {
  bytes: number;
  samples: number;
  series: number;
}

/** Compares an estimate with what comes out, and tells how many samples that is. */
export async function compared(
  rig: DumpRig,
  [from, to]: readonly [number, number],
  content: Partial<DumpContent>,
): Promise<{ ratios: Ratios; samples: number; sizeBytes: number }> {
  const asked = { ...wholeContent, ...content };
  const { fromMs, toMs } = hours(from, to);
  const range = { fromMs: Math.round(fromMs), toMs: Math.round(toMs) };
  const told = await rig.service.estimate(range, asked);
  const { id } = await rig.service.create(range, 'admin', asked);
  const { error, samples, series, sizeBytes } = await rig.finished(id);
  if (error !== null) throw new Error(`${error.code}: ${error.message}`);
  const ratios = {
    bytes: told.bytes / sizeBytes!,
    samples: told.samples / samples!,
    series: told.series / series!,
  };
  return { ratios, samples: samples!, sizeBytes: sizeBytes! };
}
