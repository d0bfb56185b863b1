import { ByteWriter, compareUtf8 } from '../../bytes/index.ts';
import type { BlockReader } from '../block/index.ts';
import { frameChunk, type ChunkEntry, type ChunkMeta } from '../chunk/index.ts';
import { IndexWriter } from '../index/index.ts';
import { compareLabels, type Labels } from '../labels.ts';
import { mergeChunks } from './chunk-merge.ts';
import { ChunkThinner } from './thin-chunks.ts';
import type { Thinning } from './thin-samples.ts';

/** Series that are taken one after another: what makes bytes small is what neighbours share. */
const seriesPerRun = 16;

/** Fewest series of a sample: of less nobody can tell how the others are. */
const minSeries = 4 * seriesPerRun;

export interface RewriteSampleOptions {
  readonly source: BlockReader;
  /** Series of the source to choose from, ascending. */
  readonly refs: Uint32Array;
  /** Samples in `[mint, maxt)` are kept. */
  readonly mint: number;
  readonly maxt: number;
  readonly thinning?: Thinning;
  /** What stands for the labels of a series in the new block. */
  readonly relabel?: (labels: Labels) => Labels;
  /** Samples to read, about, and series to read at most. */
  readonly maxSamples: number;
  readonly maxSeries: number;
}

/** Some of the series that a rewritten block would have. */
export interface RewriteSample {
  /** Series that were looked at, and how many of them have a sample in the range. */
  readonly looked: number;
  readonly series: number;
  /** Samples that these have in the range, and how many of them stay. */
  readonly samplesBefore: number;
  readonly samples: number;
  /** What stands of them in segments of chunks, and an index of them alone. */
  readonly chunks: Uint8Array;
  readonly index: Uint8Array;
}

interface SampledSeries {
  labels: Labels;
  chunks: readonly Required<ChunkEntry>[];
}

/**
 * Rewrites some of the series of a block in memory, chosen in runs spread evenly over all of them: what
 * `rewriteBlocks` would make of the whole can be told from it.
 */
export function rewriteSample(options: RewriteSampleOptions): RewriteSample {
  const { source, mint, maxt, relabel, thinning } = options;
  const thinner = thinning === undefined ? undefined : new ChunkThinner(thinning);
  const sampled: SampledSeries[] = [];
  let looked = 0;
  let samplesBefore = 0;
  for (const ref of chosen(options)) {
    const { chunks, labels } = source.index.series(ref);
    const deleted = source.tombstones.get(ref) ?? [];
    const whole = mergeChunks([{ block: source, chunks, deleted }], mint, maxt);
    looked++;
    if (whole.length === 0) continue;
    samplesBefore += countOf(whole);
    const kept = thinner?.thinned(labels, whole) ?? whole;
    sampled.push({ labels: relabel?.(labels) ?? labels, chunks: kept });
  }
  if (relabel !== undefined) sampled.sort((a, b) => compareLabels(a.labels, b.labels));
  const samples = sampled.reduce((sum, { chunks }) => sum + countOf(chunks), 0);
  return { looked, series: sampled.length, samplesBefore, samples, ...written(sampled) };
}

function countOf(chunks: readonly Required<ChunkEntry>[]): number {
  return chunks.reduce((sum, { numSamples }) => sum + numSamples, 0);
}

/** Refs of the series that are read. */
function* chosen({ maxSamples, maxSeries, refs, source }: RewriteSampleOptions): Generator<number> {
  const { numSamples, numSeries } = source.meta.stats;
  const perSeries = Math.max(1, numSamples / Math.max(1, numSeries));
  const wanted = Math.min(maxSeries, Math.max(minSeries, maxSamples / perSeries));
  const runs = Math.ceil(wanted / seriesPerRun);
  if (refs.length <= runs * seriesPerRun) {
    yield* refs;
    return;
  }
  for (let run = 0; run < runs; run++) {
    const from = Math.floor((run * (refs.length - seriesPerRun)) / Math.max(1, runs - 1));
    yield* refs.subarray(from, from + seriesPerRun);
  }
}

/** The bytes of a block of these series. */
function written(sampled: readonly SampledSeries[]): Pick<RewriteSample, 'chunks' | 'index'> {
  const symbols = [...new Set(sampled.flatMap(({ labels }) => labels))].sort(compareUtf8);
  const numbers = new Map(symbols.map((symbol, number) => [symbol, number]));
  const chunkBytes = new ByteWriter(64 * 1024);
  const indexBytes = new ByteWriter(64 * 1024);
  const index = new IndexWriter({ write: (bytes) => void indexBytes.bytes(bytes) }, symbols);
  let last: Labels = [];
  for (const { chunks, labels } of sampled) {
    const metas: ChunkMeta[] = [];
    for (const { data, encoding, maxt, mint } of chunks) {
      metas.push({ mint, maxt, ref: chunkBytes.length });
      frameChunk(chunkBytes, encoding, data);
    }
    // Two hosts that have one alias make one series twice.
    if (compareLabels(last, labels) === 0) continue;
    index.addSeries(
      labels.map((text) => numbers.get(text) ?? 0),
      metas,
    );
    last = labels;
  }
  index.finish();
  return { chunks: chunkBytes.finish(), index: indexBytes.finish() };
}
