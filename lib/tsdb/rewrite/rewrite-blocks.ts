import type { BlockReader, JsonObject } from '../block/index.ts';
import {
  writeBlock,
  writeBlockFiles,
  type BlockSeries,
  type WriteBlockOptions,
  type WrittenBlock,
} from '../disk/index.ts';
import type { Labels } from '../labels.ts';
import { mergeChunks } from './chunk-merge.ts';
import { SeriesMerge } from './series-merge.ts';
import { ChunkThinner } from './thin-chunks.ts';
import type { Thinning } from './thin-samples.ts';

/** How often progress is told, in series. */
const progressSeries = 256;

export interface RewriteOptions {
  /**
   * What the new block is made of. Where two of them have a sample of one series at one time, the
   * sample of the earlier one in this list stays.
   */
  readonly sources: readonly BlockReader[];
  /** Samples in `[mint, maxt)` are kept. */
  readonly mint: number;
  readonly maxt: number;
  /** Directory that the block's own directory is made in. */
  readonly parentDir: string;
  readonly ulid: string;
  /** False leaves the series out. */
  readonly keepSeries?: (labels: Labels) => boolean;
  /** What stands for the labels of a series in the new block, each set once; they sort anew. */
  readonly relabel?: (labels: Labels) => Labels;
  /** Told when nothing more is read of the sources, before the index is written: they may go. */
  readonly onRead?: () => void;
  /** Keeps few samples per series; every sample when absent. */
  readonly thinning?: Thinning;
  /** Told of each series that is written. */
  readonly onSeries?: (labels: Labels) => void;
  /** Called between series; what it throws ends the rewriting and leaves nothing. */
  readonly checkCancelled?: () => void;
  /** Told now and then how many of the sources' series are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Compaction level in the new meta.json; by default that of the sources, one above when they are merged. */
  readonly level?: number;
  /** Range in the new meta.json; that of its samples when absent. */
  readonly metaRange?: { readonly mint: number; readonly maxt: number };
  /** Further top-level keys of meta.json. */
  readonly extra?: JsonObject;
  readonly segmentBytes?: number;
}

export interface RewrittenBlock extends WrittenBlock {
  readonly samples: number;
  readonly series: number;
}

/**
 * Makes one block out of others: trims to a range, leaves series out, merges, applies tombstones.
 * The new block names the level-1 blocks it comes from and no parents, because Prometheus deletes
 * parents. In memory are the symbols, the lists of series and the chunks of one series. Undefined
 * when no sample is left: then nothing is written.
 */
export function rewriteBlocks(options: RewriteOptions): RewrittenBlock | undefined {
  const written = writeBlock(outputOf(options));
  if (written === undefined) return undefined;
  const { numSamples, numSeries } = written.meta.stats;
  return { ...written, samples: numSamples, series: numSeries };
}

/** As {@link rewriteBlocks}, file by file for somebody who takes them away (`writeBlockFiles`). */
export function rewriteBlockFiles(options: RewriteOptions): ReturnType<typeof writeBlockFiles> {
  return writeBlockFiles(outputOf(options));
}

function outputOf(options: RewriteOptions): WriteBlockOptions {
  const { sources, parentDir, ulid, metaRange, extra, segmentBytes, checkCancelled } = options;
  return {
    parentDir,
    ulid,
    series: rewrittenSeries(options),
    isUnordered: options.relabel !== undefined,
    level: options.level ?? newLevel(sources),
    sources: sources.flatMap(({ meta }) =>
      meta.compaction.sources.length === 0 ? [meta.ulid] : meta.compaction.sources,
    ),
    ...(metaRange === undefined ? {} : metaRange),
    ...(extra === undefined ? {} : { extra }),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    ...(checkCancelled === undefined ? {} : { checkCancelled }),
  };
}

/** A merge is one level above its sources; a single block stays what it is. */
function newLevel(sources: readonly BlockReader[]): number {
  const levels = sources.map(({ meta }) => meta.compaction.level);
  return Math.max(1, ...levels) + (sources.length > 1 ? 1 : 0);
}

function* rewrittenSeries(options: RewriteOptions): Generator<BlockSeries> {
  const { mint, maxt, keepSeries, onProgress, relabel, thinning } = options;
  const thinner = thinning === undefined ? undefined : new ChunkThinner(thinning);
  const merge = new SeriesMerge(options.sources);
  let told = 0;
  for (const { labels, parts } of merge.series()) {
    // Series that are left out count as steps too, so that cancelling does not wait for a hit.
    options.checkCancelled?.();
    if (merge.done - told >= progressSeries) onProgress?.((told = merge.done), merge.total);
    if (keepSeries !== undefined && !keepSeries(labels)) continue;
    const chunks = mergeChunks(parts, mint, maxt);
    if (chunks.length === 0) continue;
    const called = relabel?.(labels) ?? labels;
    options.onSeries?.(called);
    yield { labels: called, chunks: thinner?.thinned(labels, chunks) ?? chunks };
    // Its chunks are written.
    for (const { block } of parts) block.release();
  }
  onProgress?.(merge.total, merge.total);
  options.onRead?.();
}

/** The label sets of all series of some blocks, each once, in order. */
export function* mergedLabels(sources: readonly BlockReader[]): Generator<Labels> {
  for (const { labels } of new SeriesMerge(sources).series()) yield labels;
}
