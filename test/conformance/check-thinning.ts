import { mkdir } from 'node:fs/promises';
import { seededRng, systemRng } from '../../lib/runtime/index.ts';
import { encodeChunk } from '../../lib/tsdb/chunk/index.ts';
import { newUlid, openBlock, rewriteBlocks, writeBlock } from '../../lib/tsdb/index.ts';
import { holds, same, type Bed } from './bed.ts';
import { startPrometheus, type Prometheus } from './prometheus.ts';

const scrapeMs = 15_000;
const stepMs = 60_000;
const endMs = Date.UTC(2026, 10, 20, 12);
const startMs = endMs - 3 * 3_600_000;
const counters = ['steady_total', 'busy_total', 'resting_total'];
const gauges = ['level', 'vanishing'];

/** A series: times in milliseconds; undefined is a staleness marker. */
type Samples = { timeMs: number; value: number | undefined }[];

/**
 * A Prometheus over three hours of samples answers as one over the same samples thinned to a minute: the
 * same values at the end of each step, the same resets, and increases that differ by what grows in a step.
 */
export async function checkThinning({ checks, directory }: Bed): Promise<void> {
  await checks.check('Prometheus answers over thinned samples as over all of them', async () => {
    const store = writeStores(`${directory}/thinning`, await madeDirectories(directory));
    const full = await startPrometheus(`${directory}/thinning/a`, `${directory}/thinning/full`);
    try {
      const thinned = await startPrometheus(
        `${directory}/thinning/b`,
        `${directory}/thinning/thin`,
      );
      try {
        await compare(store, full, thinned);
      } finally {
        await thinned.stop();
      }
    } finally {
      await full.stop();
    }
  });
}

async function madeDirectories(directory: string): Promise<ReturnType<typeof seededRng>> {
  for (const name of ['full', 'thin']) {
    await mkdir(`${directory}/thinning/${name}/wal`, { recursive: true });
  }
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`# samples of seed ${String(seed)}`);
  return seededRng(seed);
}

/** Writes both stores and returns the samples by name. */
function writeStores(
  directory: string,
  rng: ReturnType<typeof seededRng>,
): ReadonlyMap<string, Samples> {
  const store = new Map([...counters, ...gauges].map((name) => [name, samplesOf(name, rng)]));
  const series = [...store]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, samples]) => ({ labels: ['__name__', name], chunks: chunksOf(samples) }));
  const ulid = () => newUlid(endMs, systemRng);
  const written = writeBlock({ parentDir: `${directory}/full`, ulid: ulid(), series });
  holds(written !== undefined, 'no block was written');
  const source = openBlock(written.dir);
  const thinning = { stepMs, isCounter: (labels: readonly string[]) => isCounter(labels[1]) };
  const range = { mint: 0, maxt: endMs + 1, parentDir: `${directory}/thin`, ulid: ulid() };
  const thinned = rewriteBlocks({ sources: [source], ...range, thinning });
  source.close();
  holds(thinned !== undefined, 'nothing is left');
  const share = thinned.samples / written.meta.stats.numSamples;
  console.log(`# ${String(Math.round(100 * share))} % of the samples stay`);
  holds(share < 0.4, 'it is hardly thinned');
  return store;
}

function isCounter(name = ''): boolean {
  return name.endsWith('_total');
}

function samplesOf(name: string, rng: ReturnType<typeof seededRng>): Samples {
  const resetsOneIn = name === 'steady_total' ? 400 : 25;
  let value = 0;
  let rate = 5;
  const samples: Samples = [];
  for (let at = 0; at < (endMs - startMs) / scrapeMs; at++) {
    const timeMs = startMs + at * scrapeMs + 1000 + (rng.u32() % 300);
    if (rng.u32() % 10 === 0) rate = rng.u32() % (name === 'resting_total' ? 3 : 50);
    if (isCounter(name)) value = rng.u32() % resetsOneIn === 0 ? rng.u32() % 5 : value + rate;
    else value = rng.u32() % 1000;
    const isGone = name === 'vanishing' && at % 100 >= 60;
    samples.push({ timeMs, value: isGone ? undefined : value });
  }
  return samples;
}

function chunksOf(samples: Samples) {
  const chunks = [];
  for (let from = 0; from < samples.length; from += 120) {
    const part = samples.slice(from, from + 120);
    const bits = new DataView(new ArrayBuffer(8));
    const [lo, hi] = [new Uint32Array(part.length), new Uint32Array(part.length)];
    for (const [at, { value }] of part.entries()) {
      bits.setFloat64(0, value ?? 0);
      hi[at] = value === undefined ? 0x7ff00000 : bits.getUint32(0);
      lo[at] = value === undefined ? 2 : bits.getUint32(4);
    }
    const times = Float64Array.from(part, ({ timeMs }) => timeMs);
    const data = encodeChunk(times, lo, hi, 0, part.length);
    const [mint = 0, maxt = 0] = [times[0], times.at(-1)];
    chunks.push({ mint, maxt, numSamples: part.length, data });
  }
  return chunks;
}

async function compare(
  store: ReadonlyMap<string, Samples>,
  full: Prometheus,
  thinned: Prometheus,
): Promise<void> {
  for (let timeMs = startMs + 10 * stepMs; timeMs <= endMs; timeMs += 7 * stepMs) {
    for (const name of [...counters, ...gauges]) {
      const [wanted, found] = await both(full, thinned, name, timeMs);
      same(found, wanted, `${name} at ${String(timeMs)}`);
    }
    for (const name of counters) {
      const query = `increase(${name}[10m])`;
      const [wanted = NaN, found = NaN] = await both(full, thinned, query, timeMs);
      const bound = largestGrowth(store.get(name) ?? [], timeMs) * (1 + scrapeMs / stepMs);
      const off = Math.abs(found - wanted);
      holds(off <= bound + 1e-6, `${query} at ${String(timeMs)}: ${found}, not ${wanted}`);
    }
  }
  for (const name of counters) {
    const [wanted, found] = await both(full, thinned, `resets(${name}[3h])`, endMs);
    same(found, wanted, `resets of ${name}`);
  }
}

/** What both answer; undefined where there is nothing. */
async function both(
  full: Prometheus,
  thinned: Prometheus,
  query: string,
  timeMs: number,
): Promise<(number | undefined)[]> {
  const ask = async (of: Prometheus) => {
    if ((await of.count(query, timeMs)) === 0) return undefined;
    return (await of.query(query, timeMs)).value;
  };
  return await Promise.all([ask(full), ask(thinned)]);
}

/** The most that a counter grows in a step and two scrapes, in the ten minutes before and a step more. */
function largestGrowth(samples: Samples, toMs: number): number {
  const near = samples.filter(({ timeMs }) => timeMs > toMs - 11 * stepMs && timeMs <= toMs);
  let total = 0;
  const curve = near.map(({ timeMs, value = 0 }, at) => {
    const before = near[at - 1]?.value ?? value;
    total += value < before ? value : value - before;
    return { timeMs, total };
  });
  const span = stepMs + 2 * scrapeMs;
  return curve.reduce((largest, { timeMs, total: from }) => {
    const to = curve.findLast((later) => later.timeMs <= timeMs + span)?.total ?? from;
    return Math.max(largest, to - from);
  }, 0);
}
