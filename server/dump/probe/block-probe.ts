import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import {
  rewriteSample,
  type BlockReader,
  type RewriteSample,
  type Thinning,
} from '../../../lib/tsdb/index.ts';
import { gzipLevel, maxProbedSamples, maxProbedSeries } from '../limits.ts';
import { Redactor } from '../redaction/index.ts';
import { share } from '../selection/index.ts';
import type { ProbeRequest } from './protocol.ts';

/** How far deflate looks back for bytes that are the same. */
const deflateWindowBytes = 32 * 1024;

/** What a dump would make of one block. */
export interface BlockProbe {
  /** Series and samples of the block in the range, whether they are asked for or not. */
  seriesBefore: number;
  samplesBefore: number;
  series: number;
  samples: number;
  /** In the archive. */
  chunkBytes: number;
  indexBytes: number;
}

/** How a block is looked at. */
export interface ProbePlan extends Pick<ProbeRequest, 'filter' | 'fromMs' | 'toMs' | 'isRedacted'> {
  thinning: Thinning | undefined;
}

/** Rewrites and compresses some of these series of a block, and tells what all of them come to. */
export function probeBlock(source: BlockReader, refs: Uint32Array, plan: ProbePlan): BlockProbe {
  const { filter, fromMs: mint, isRedacted, thinning, toMs: maxt } = plan;
  const { maxTime, minTime, stats } = source.meta;
  // No secret: only the lengths of aliases are of interest, and nothing is kept.
  const redactor = isRedacted ? new Redactor(randomBytes(32)) : undefined;
  const sample = rewriteSample({
    ...{ source, refs, mint, maxt },
    ...(thinning === undefined ? {} : { thinning }),
    ...(redactor === undefined ? {} : { relabel: (labels) => redactor.labels(labels) }),
    maxSamples: maxProbedSamples,
    maxSeries: maxProbedSeries,
  });
  const scale = sample.looked === 0 ? 0 : refs.length / sample.looked;
  const isWhole = mint <= minTime && maxt >= maxTime;
  // What is known of all series is better than what some of them tell.
  const isKnown = isWhole && filter === null && sample.samplesBefore > 0;
  const perSample = isKnown ? stats.numSamples / sample.samplesBefore : scale;
  return {
    seriesBefore: stats.numSeries,
    samplesBefore: isWhole ? stats.numSamples : samplesInRange(source, refs, plan, sample),
    series: sample.series * scale,
    samples: sample.samples * perSample,
    chunkBytes: packed(sample.chunks, perSample),
    indexBytes: packed(sample.index, scale),
  };
}

/** Of a block that the range cuts: all of its samples there, whether they are asked for or not. */
function samplesInRange(
  { meta: { maxTime: maxt, minTime: mint, stats } }: BlockReader,
  refs: Uint32Array,
  plan: ProbePlan,
  { looked, samplesBefore }: RewriteSample,
): number {
  const ofSelected = looked === 0 ? 0 : (samplesBefore * refs.length) / looked;
  if (plan.filter === null) return ofSelected;
  // Of the others nothing is known but when the block begins and ends.
  return Math.max(ofSelected, stats.numSamples * share({ mint, maxt }, plan));
}

/**
 * Bytes that so many times these come to when they are compressed. The first of them are dearer: nothing
 * that is like them stands before.
 */
function packed(bytes: Uint8Array, times: number): number {
  if (bytes.length === 0) return 0;
  const first = Math.min(bytes.length / 2, Math.max(bytes.length / 8, deflateWindowBytes));
  const begin = bytes.subarray(0, Math.ceil(first));
  const all = deflated(bytes);
  const perByte = (all - deflated(begin)) / Math.max(1, bytes.length - begin.length);
  return all + Math.max(0, times - 1) * bytes.length * perByte;
}

function deflated(bytes: Uint8Array): number {
  return deflateRawSync(bytes, { level: gzipLevel }).length;
}
