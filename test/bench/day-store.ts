import { seededRng, systemRng } from '../../lib/runtime/index.ts';
import { labelsFrom, newUlid, writeBlock, type Labels } from '../../lib/tsdb/index.ts';
import { encodeChunk } from '../../lib/tsdb/chunk/index.ts';
import { BodyMaker, midServer } from './body-maker.ts';

const hourMs = 3_600_000;
const stepMs = 15_000;
const samplesPerChunk = 120;
const nodes = ['app-0:8067', 'app-1:8067', 'app-2:8067'];

/**
 * Blocks as the store has merged them 26 hours after its first sample, in hours before the end: the end
 * lies where a window of 18 hours ends.
 */
const blockHours = [
  { from: 26, to: 18, parts: 4 },
  { from: 18, to: 12, parts: 3 },
  { from: 12, to: 6, parts: 3 },
  { from: 6, to: 4, parts: 1 },
  { from: 4, to: 2, parts: 1 },
  { from: 2, to: 0, parts: 1 },
] as const;

/** The end of the last full window that blocks are merged in. */
export function lastWindowEndMs(nowMs: number): number {
  const windowMs = 18 * hourMs;
  return Math.floor(nowMs / windowMs) * windowMs;
}

/**
 * Writes 26 hours of three servers with 11,002 series each at 15 s. Labels are those of bodies; of the
 * values four in five gauges change from scrape to scrape, two in three counters, and of a histogram's
 * buckets the larger ones more often; sums have all the digits that a number can have.
 */
export function writeDayStore(parentDir: string, endMs: number): { samples: number } {
  const series = nodes
    .flatMap((node, at) => seriesOfNode(node, at + 1))
    .sort((a, b) => compareTexts(a.labels, b.labels));
  let samples = 0;
  for (const { from, to, parts } of blockHours) {
    const mint = endMs - from * hourMs;
    const maxt = endMs - to * hourMs;
    const sources = Array.from({ length: parts }, () => newUlid(maxt, systemRng));
    const own = parts === 1 ? {} : { level: parts === 3 ? 2 : 3, sources };
    const ulid = newUlid(maxt, systemRng);
    const written = writeBlock({ parentDir, ulid, series: chunksOf(series, mint, maxt), ...own });
    samples += written?.meta.stats.numSamples ?? 0;
  }
  return { samples };
}

type Kind = 'gauge' | 'counter' | 'bucket' | 'sum';

/** A series and where its values have got to. */
interface LiveSeries {
  labels: Labels;
  kind: Kind;
  /** How often it changes, of 2³². */
  use: number;
  random: () => number;
  value: number;
}

const linePattern = /^(\w+)\{(.*)\} (\S+)$/;

/** The series of a server's body, as they are stored. */
function seriesOfNode(node: string, seed: number): LiveSeries[] {
  const series: LiveSeries[] = [];
  const rng = seededRng(seed);
  for (const line of new BodyMaker(seed, midServer).next().toString().split('\n')) {
    const [, name = '', text = '', value = ''] = linePattern.exec(line) ?? [];
    if (name === '') continue;
    const pairs = [...text.matchAll(/(\w+)="([^"]*)"/g)].map(
      ([, label = '', content = '']): [string, string] => [label, content],
    );
    const own: [string, string][] = [
      ['__name__', name],
      ['instance', node],
      ['job', 'mattermost'],
    ];
    series.push({
      labels: labelsFrom([...own, ...pairs]),
      ...changesOf(name, Number(Object.fromEntries(pairs)['le'] ?? NaN)),
      random: xorshift(rng.u32()),
      value: Number(value),
    });
  }
  return series;
}

function changesOf(name: string, bound: number): { kind: Kind; use: number } {
  if (name.includes('_gauge_')) return { kind: 'gauge', use: 0.8 * 2 ** 32 };
  if (name.endsWith('_total')) return { kind: 'counter', use: 0.65 * 2 ** 32 };
  if (name.endsWith('_sum')) return { kind: 'sum', use: 0.85 * 2 ** 32 };
  const share = Number.isNaN(bound) || bound === Infinity ? 1 : (3 + Math.log10(bound)) / 4;
  return { kind: 'bucket', use: 0.85 * share * 2 ** 32 };
}

/** Fast and good enough for values; never 0. */
function xorshift(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function* chunksOf(all: LiveSeries[], mint: number, maxt: number) {
  const times = new Float64Array(samplesPerChunk);
  const values = new Float64Array(samplesPerChunk);
  const halves = new Uint32Array(values.buffer);
  const lo = new Uint32Array(samplesPerChunk);
  const hi = new Uint32Array(samplesPerChunk);
  for (const [number, series] of all.entries()) {
    const chunks = [];
    // Each target has a rhythm of its own, some milliseconds beside the full second.
    let timeMs = mint + (number % nodes.length) * 1_337;
    while (timeMs < maxt) {
      let count = 0;
      for (; count < samplesPerChunk && timeMs < maxt; count++, timeMs += stepMs) {
        times[count] = timeMs;
        values[count] = nextValue(series);
      }
      for (let at = 0; at < count; at++) {
        lo[at] = halves[2 * at]!;
        hi[at] = halves[2 * at + 1]!;
      }
      const data = encodeChunk(times, lo, hi, 0, count);
      chunks.push({ mint: times[0]!, maxt: times[count - 1]!, numSamples: count, data });
    }
    yield { labels: series.labels, chunks };
  }
}

function nextValue(series: LiveSeries): number {
  const { kind, random } = series;
  if (random() >= series.use) return series.value;
  if (kind === 'gauge') series.value = random() % 1000;
  else if (kind === 'sum') series.value += random() / 2 ** 32;
  else series.value += 1 + (random() % (kind === 'counter' ? 20 : 8));
  return series.value;
}

function compareTexts(a: Labels, b: Labels): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return a[at]! < b[at]! ? -1 : 1;
  }
  return a.length - b.length;
}
