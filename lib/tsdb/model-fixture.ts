import type { BlockReader } from './block/index.ts';
import { ChunkIterator, SampleColumns, encodeChunk, type ChunkEntry } from './chunk/index.ts';
import type { BlockSeries } from './disk/index.ts';
import { compareLabels, type Labels } from './labels.ts';

/** What a store should hold, as plainly as possible: labels as JSON, time, 16 hex digits of bits. */
export type Model = Map<string, Map<number, string>>;

export const staleBits = '7ff0000000000002';
export const nanBits = '7ff8000000000001';

/** IEEE bits of a number as 16 hex digits. */
export function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

export function put(model: Model, labels: Labels, timeMs: number, bits: string): void {
  const key = JSON.stringify(labels);
  let samples = model.get(key);
  if (samples === undefined) model.set(key, (samples = new Map<number, string>()));
  samples.set(timeMs, bits);
}

/** The series of the model in the order and form that a block wants, so many samples per chunk. */
export function seriesOf(model: Model, chunkSamples = 120): BlockSeries[] {
  const all = [...model].map(([key, samples]) => ({
    labels: JSON.parse(key) as Labels,
    chunks: chunksOf(samples, chunkSamples),
  }));
  return all.sort((a, b) => compareLabels(a.labels, b.labels));
}

export function columnsOf(samples: ReadonlyMap<number, string>): SampleColumns {
  const columns = new SampleColumns(1);
  for (const [timeMs, bits] of [...samples].sort(([a], [b]) => a - b)) {
    columns.push(timeMs, parseInt(bits.slice(8), 16), parseInt(bits.slice(0, 8), 16));
  }
  return columns;
}

function chunksOf(samples: ReadonlyMap<number, string>, chunkSamples: number): ChunkEntry[] {
  const { times, lo, hi, count } = columnsOf(samples);
  const chunks: ChunkEntry[] = [];
  for (let from = 0; from < count; from += chunkSamples) {
    const to = Math.min(count, from + chunkSamples);
    const data = encodeChunk(times, lo, hi, from, to);
    chunks.push({ mint: times[from]!, maxt: times[to - 1]!, numSamples: to - from, data });
  }
  return chunks;
}

/** All samples of a block, without regard to tombstones. */
export function modelOf(block: BlockReader): Model {
  const model: Model = new Map();
  for (const { labels, chunks } of block.series()) {
    for (const meta of chunks) {
      const iterator = new ChunkIterator(block.chunk(meta).data);
      while (iterator.next()) put(model, labels, iterator.timeMs, hexOf(iterator));
    }
  }
  return model;
}

function hexOf({ lo, hi }: { lo: number; hi: number }): string {
  return hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0');
}

/** The model in an order that two of them can be compared in. */
export function sorted(model: Model): [string, [number, string][]][] {
  return [...model]
    .filter(([, samples]) => samples.size > 0)
    .map(([key, samples]): [string, [number, string][]] => [
      key,
      [...samples].sort(([a], [b]) => a - b),
    ])
    .sort(([a], [b]) => compareLabels(JSON.parse(a) as Labels, JSON.parse(b) as Labels));
}
