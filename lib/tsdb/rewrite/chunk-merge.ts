import { compareBytes } from '../../bytes/index.ts';
import type { Interval } from '../block/index.ts';
import {
  SampleColumns,
  chunkEncoding,
  decodeChunk,
  encodeChunk,
  type ChunkEntry,
} from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import { targetChunkSamples } from '../limits.ts';
import type { SeriesPart } from './series-merge.ts';

/** A chunk of which every sample stays. */
interface WholeChunk extends Required<ChunkEntry> {
  /** Place of its source: of two samples at one time the lower one's wins. */
  readonly order: number;
}

/**
 * Makes the chunks of one series out of those of its sources, within `[mint, maxt)`. Chunks that
 * lie inside and overlap no other keep their bytes; everything else is decoded, cut, merged by time
 * and encoded again.
 */
export function mergeChunks(
  parts: readonly SeriesPart[],
  mint: number,
  maxt: number,
): Required<ChunkEntry>[] {
  const untouched = untouchedChunks(parts, mint, maxt);
  if (untouched !== undefined) return untouched;
  const whole = parts.flatMap((part, order) => wholeChunks(part, order, mint, maxt));
  whole.sort((a, b) => a.mint - b.mint || a.maxt - b.maxt || a.order - b.order);
  const merged: Required<ChunkEntry>[] = [];
  let run: WholeChunk[] = [];
  let runEnd = -Infinity;
  for (const chunk of whole) {
    if (chunk.mint > runEnd) {
      merged.push(...mergeRun(run));
      run = [];
    }
    // The same chunk often comes from several sources, for example from two snapshots of a head.
    if (!run.some((other) => isSame(other, chunk))) run.push(chunk);
    runEnd = Math.max(runEnd, chunk.maxt);
  }
  merged.push(...mergeRun(run));
  return merged;
}

/**
 * The chunks as they are, where one source follows another, nothing is deleted and nothing is cut:
 * nearly always. Undefined when it is otherwise.
 */
function untouchedChunks(
  parts: readonly SeriesPart[],
  mint: number,
  maxt: number,
): Required<ChunkEntry>[] | undefined {
  let last = -Infinity;
  for (const { chunks, deleted } of parts) {
    if (deleted.length > 0) return undefined;
    for (const chunk of chunks) {
      const isInside = chunk.mint > last && chunk.mint >= mint && chunk.maxt < maxt;
      if (!isInside || chunk.maxt < chunk.mint) return undefined;
      last = chunk.maxt;
    }
  }
  const untouched: Required<ChunkEntry>[] = [];
  for (const { block, chunks } of parts)
    for (const meta of chunks) untouched.push(block.chunk(meta));
  return untouched;
}

/** The chunks of one source without the samples that go. */
function wholeChunks(part: SeriesPart, order: number, mint: number, maxt: number): WholeChunk[] {
  const chunks: WholeChunk[] = [];
  for (const meta of part.chunks) {
    if (meta.maxt < mint || meta.mint >= maxt) continue;
    const deleted = part.deleted.filter((cut) => cut.mint <= meta.maxt && cut.maxt >= meta.mint);
    if (deleted.some((cut) => cut.mint <= meta.mint && cut.maxt >= meta.maxt)) continue;
    const chunk = part.block.chunk(meta);
    if (deleted.length === 0 && meta.mint >= mint && meta.maxt < maxt) {
      chunks.push({ ...chunk, order });
      continue;
    }
    const kept = keptSamples(chunk, deleted, mint, maxt);
    if (kept.count > 0) chunks.push({ ...encoded(kept, 0, kept.count), order });
  }
  return chunks;
}

function keptSamples(
  chunk: Required<ChunkEntry>,
  deleted: readonly Interval[],
  mint: number,
  maxt: number,
): SampleColumns {
  const samples = decoded(chunk);
  let count = 0;
  for (let at = 0; at < samples.count; at++) {
    const time = samples.times[at]!;
    const isOut = time < mint || time >= maxt;
    if (isOut || deleted.some((cut) => cut.mint <= time && time <= cut.maxt)) continue;
    samples.times[count] = time;
    samples.lo[count] = samples.lo[at]!;
    samples.hi[count++] = samples.hi[at]!;
  }
  samples.count = count;
  return samples;
}

/** Makes chunks that overlap each other into chunks that do not. */
function mergeRun(run: readonly WholeChunk[]): Required<ChunkEntry>[] {
  if (run.length <= 1) return run.map(({ order: _order, ...chunk }) => chunk);
  const byPriority = [...run].sort((a, b) => a.order - b.order || a.mint - b.mint);
  let samples = new SampleColumns(0);
  for (const chunk of byPriority) samples = mergeSamples(samples, decoded(chunk));
  const chunks: Required<ChunkEntry>[] = [];
  for (let from = 0; from < samples.count; from += targetChunkSamples) {
    chunks.push(encoded(samples, from, Math.min(from + targetChunkSamples, samples.count)));
  }
  return chunks;
}

/** Merges by time; where both have a sample, that of `first` stays. */
function mergeSamples(first: SampleColumns, second: SampleColumns): SampleColumns {
  if (first.count === 0) return second;
  const merged = new SampleColumns(first.count + second.count);
  let a = 0;
  let b = 0;
  while (a < first.count || b < second.count) {
    const timeA = a < first.count ? first.times[a]! : Infinity;
    const timeB = b < second.count ? second.times[b]! : Infinity;
    if (timeA <= timeB) {
      merged.push(timeA, first.lo[a]!, first.hi[a]!);
      a++;
      if (timeA === timeB) b++;
    } else {
      merged.push(timeB, second.lo[b]!, second.hi[b]!);
      b++;
    }
  }
  return merged;
}

function decoded(chunk: Required<ChunkEntry>): SampleColumns {
  if (chunk.encoding !== chunkEncoding.xor) {
    throw new TsdbError(
      'TSDB_CHUNK_ENCODING',
      `chunk encoding ${String(chunk.encoding)} can be copied but neither cut nor merged`,
    );
  }
  const samples = new SampleColumns(chunk.numSamples);
  decodeChunk(chunk.data, samples);
  const { count, times } = samples;
  if (count > 0 && (times[0]! < chunk.mint || times[count - 1]! > chunk.maxt)) {
    throw new TsdbError('TSDB_CHUNK_CORRUPT', 'chunk has samples outside the range in its index');
  }
  return samples;
}

function encoded(samples: SampleColumns, from: number, to: number): Required<ChunkEntry> {
  const { times, lo, hi } = samples;
  return {
    mint: times[from]!,
    maxt: times[to - 1]!,
    numSamples: to - from,
    data: encodeChunk(times, lo, hi, from, to),
    encoding: chunkEncoding.xor,
  };
}

function isSame(a: Required<ChunkEntry>, b: Required<ChunkEntry>): boolean {
  return (
    a.mint === b.mint &&
    a.maxt === b.maxt &&
    a.encoding === b.encoding &&
    compareBytes(a.data, b.data) === 0
  );
}
