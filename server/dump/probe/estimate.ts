import { deflateRawSync } from 'node:zlib';
import { codeOf } from '../../../lib/runtime/index.ts';
import { openBlock, type Thinning } from '../../../lib/tsdb/index.ts';
import { gzipLevel, maxProbedBlocks } from '../limits.ts';
import { share, type TimeRange } from '../selection/index.ts';
import { probeBlock, type BlockProbe } from './block-probe.ts';
import { inOrder } from './probe-order.ts';
import { selectedSeries } from './selected-series.ts';
import { SeriesUnion } from './series-union.ts';
import type { EstimateRequest, EstimateResult, ProbeSource } from './protocol.ts';

/** Bytes of a block in an archive beside chunks and index: small files, headers, the manifest's lines. */
const bytesPerBlock = 900;

/** Archive bytes per byte of block and kept sample, where no block can be looked at. */
const unprobed = { bytesPerByte: 0.65 };

/** A source that was looked at. */
interface Probed {
  source: ProbeSource;
  probe: BlockProbe;
}

/**
 * What the archive will probably be: some blocks are looked at, and the others are taken to be like the
 * one that is most like them.
 */
export function estimate(
  request: EstimateRequest,
  thinning: Thinning | undefined,
  monotonicMs: () => number,
): EstimateResult {
  const range = { fromMs: request.fromMs, toMs: request.toMs };
  const { probed, union } = probeSome(request, thinning, monotonicMs);
  const counted = request.sources.filter(({ kind }) => kind !== 'head-part');
  const result = { bytes: textBytes(request.texts), samples: 0, series: 0 };
  let sourceSamples = 0;
  let sourceBytes = 0;
  for (const source of counted) {
    const part = partOf(source, probed, request);
    result.bytes += part.chunkBytes + part.indexBytes + bytesPerBlock;
    result.samples += part.samples;
    result.series = Math.max(result.series, part.series);
    sourceSamples += source.numSamples * share(source, range);
    sourceBytes += source.sizeBytes;
  }
  const series = Math.max(result.series, union.total(counted.length));
  return {
    bytes: Math.ceil(result.bytes),
    samples: Math.round(result.samples),
    series: Math.round(series),
    sourceSamples,
    sourceBytes,
  };
}

/** Looks at blocks as long as there is time, first at those that tell most. */
function probeSome(
  request: EstimateRequest,
  thinning: Thinning | undefined,
  monotonicMs: () => number,
): { probed: Probed[]; union: SeriesUnion } {
  const untilMs = monotonicMs() + request.budgetMs;
  const union = new SeriesUnion();
  const probed: Probed[] = [];
  for (const source of inOrder(request)) {
    if (probed.length === maxProbedBlocks) break;
    if (probed.length > 0 && monotonicMs() > untilMs) break;
    const probe = look(source, request, thinning, union);
    if (probe !== undefined) probed.push({ source, probe });
  }
  return { probed, union };
}

function look(
  source: ProbeSource,
  request: EstimateRequest,
  thinning: Thinning | undefined,
  union: SeriesUnion,
): BlockProbe | undefined {
  const { filter, fromMs, isRedacted, toMs } = request;
  // A part of the head that the range does not touch is like the rest of the head.
  const isOutside = source.mint >= toMs || source.maxt <= fromMs;
  const range = isOutside ? { fromMs: source.mint, toMs: source.maxt } : { fromMs, toMs };
  try {
    const reader = openBlock(source.dir ?? '');
    try {
      const refs = selectedSeries(reader.index, filter);
      union.add(reader, refs);
      return probeBlock(reader, refs, { ...range, filter, isRedacted, thinning });
    } finally {
      reader.close();
    }
  } catch (error) {
    // Deleted meanwhile, or damaged, which the dump will say.
    const code = codeOf(error) ?? '';
    if (code === 'ENOENT' || code.startsWith('TSDB_')) return undefined;
    throw error;
  }
}

type Part = Pick<BlockProbe, 'chunkBytes' | 'indexBytes' | 'samples' | 'series'>;

/** What one source comes to. */
function partOf(
  source: ProbeSource,
  probed: readonly Probed[],
  request: Pick<EstimateRequest, 'fromMs' | 'toMs' | 'thinning'>,
): Part {
  const own = probed.find((candidate) => candidate.source === source);
  if (own !== undefined) return own.probe;
  const part = probed.find((candidate) => isAllOf(candidate.source, source, request));
  if (part !== undefined) return grown(part, source, request);
  const samplesBefore = source.numSamples * share(source, request);
  const like = mostLike(source, probed);
  if (like === undefined) {
    const bytes = source.sizeBytes * share(source, request) * unprobed.bytesPerByte;
    const { numSeries: series } = source;
    return { samples: samplesBefore, series, chunkBytes: bytes, indexBytes: 0 };
  }
  const { probe } = like;
  const stepMs = request.thinning?.stepMs ?? 0;
  const ownKept = evenlyKept(samplesBefore / source.numSeries, lengthOf(source, request), stepMs);
  const { samplesBefore: probedBefore, seriesBefore } = probe;
  const likeKept = evenlyKept(probedBefore / seriesBefore, lengthOf(like.source, request), stepMs);
  const kept = ratio(probe.samples, probe.samplesBefore) * ratio(ownKept, likeKept);
  const samples = Math.min(samplesBefore, samplesBefore * kept);
  const series = source.numSeries * ratio(probe.series, probe.seriesBefore);
  return {
    samples,
    series,
    chunkBytes: samples * ratio(probe.chunkBytes, probe.samples),
    indexBytes: series * ratio(probe.indexBytes, probe.series),
  };
}

/** Whether a part of the head has what the range has of it, but for what came since it was taken. */
function isAllOf(part: ProbeSource, head: ProbeSource, { fromMs, toMs }: TimeRange): boolean {
  if (part.kind !== 'head-part' || head.kind !== 'head') return false;
  return part.mint <= Math.max(head.mint, fromMs) && part.mint < toMs && part.maxt > fromMs;
}

/** A part of the head that has become longer by now. */
function grown({ probe, source }: Probed, head: ProbeSource, range: TimeRange): Part {
  const times = lengthOf(head, range) / lengthOf(source, range);
  const { chunkBytes, indexBytes, samples, series } = probe;
  return { samples: samples * times, series, chunkBytes: chunkBytes * times, indexBytes };
}

/** How long a source is in the range. */
function lengthOf({ maxt, mint }: ProbeSource, { fromMs, toMs }: TimeRange): number {
  return Math.max(1, Math.min(maxt, toMs) - Math.max(mint, fromMs));
}

/**
 * Part of so many samples of a series, spread evenly over so long a time, that stays when they are thinned:
 * the first one, and the newest of every step.
 */
function evenlyKept(samples: number, lengthMs: number, stepMs: number): number {
  return stepMs === 0 ? 1 : Math.min(1, (2 + lengthMs / stepMs) / samples);
}

/** The one of a length and a time that differ least; the head is like itself. */
function mostLike(source: ProbeSource, probed: readonly Probed[]): Probed | undefined {
  const far = (other: ProbeSource) => {
    if (source.kind === 'head' && other.kind === 'head-part') return 0;
    const length = (of: ProbeSource) => Math.max(1, of.maxt - of.mint);
    const times = Math.abs(Math.log(length(source) / length(other)));
    return 1 + times + Math.abs(source.mint - other.mint) / (7 * 24 * 3_600_000);
  };
  let best: { of: Probed; far: number } | undefined;
  for (const of of probed) {
    if (of.probe.samplesBefore === 0) continue;
    const distance = far(of.source);
    if (best === undefined || distance < best.far) best = { of, far: distance };
  }
  return best?.of;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function textBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + deflateRawSync(text, { level: gzipLevel }).length, 0);
}
