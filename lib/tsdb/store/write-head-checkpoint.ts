import type { ThreadContext } from '../../runtime/index.ts';
import { decodeChunk, SampleColumns } from '../chunk/index.ts';
import type { HeadCopy } from '../head/index.ts';
import { SampleBatch } from '../sample-batch.ts';
import { encodeSeriesRecord, SamplesEncoder, type WalSeries } from '../wal/index.ts';
import {
  writeCheckpointFiles,
  type CheckpointWriter,
  type WroteCheckpoint,
} from './checkpoint-writer.ts';
import { chunkOf, decodeSymbols, groupBySeries, labelsOf } from './copied-series.ts';
import { maxSamplesPerRecord, maxSeriesPerRecord } from './limits.ts';

/** Payload of the method `tsdb.writeHeadCheckpoint`. */
export interface WriteHeadCheckpoint {
  walDir: string;
  /** Last segment that the checkpoint covers. */
  covered: number;
  /** Reference of the live series in each slot when the copy was begun, 0 for a free slot. */
  liveRefs: Uint32Array<ArrayBuffer>;
  /** All that the head held when the segment ended; null when it was empty. */
  copy: HeadCopy | null;
  segmentBytes: number;
}

/**
 * Writes a checkpoint from what was in memory, without a look at the segments that it covers: for those
 * whose bytes cannot be trusted. Runs in a worker.
 */
export function writeHeadCheckpoint(
  payload: WriteHeadCheckpoint,
  context: Pick<ThreadContext, 'checkCancelled'>,
): WroteCheckpoint {
  const { copy, liveRefs } = payload;
  return writeCheckpointFiles(payload, (checkpoint) => {
    if (copy === null) return;
    writeSeries(checkpoint, copy, liveRefs, context);
    writeSamples(checkpoint, copy, liveRefs, context);
  });
}

/** All live series, also those that have no samples: the next segments do not name them again. */
function writeSeries(
  checkpoint: CheckpointWriter,
  copy: HeadCopy,
  liveRefs: Uint32Array,
  context: Pick<ThreadContext, 'checkCancelled'>,
): void {
  const symbols = decodeSymbols(copy);
  let record: WalSeries[] = [];
  const flush = () => {
    context.checkCancelled();
    if (record.length > 0) checkpoint.append(encodeSeriesRecord(record));
    checkpoint.result.series += record.length;
    record = [];
  };
  const slots = Math.min(liveRefs.length, copy.pairsAt.length);
  for (let slot = 1; slot < slots; slot++) {
    const ref = liveRefs[slot]!;
    if (ref === 0) continue;
    record.push({ ref, labels: labelsOf(copy, symbols, slot) });
    if (record.length === maxSeriesPerRecord) flush();
  }
  flush();
}

/** Series after series, each from its oldest sample to its newest. */
function writeSamples(
  checkpoint: CheckpointWriter,
  copy: HeadCopy,
  liveRefs: Uint32Array,
  context: Pick<ThreadContext, 'checkCancelled'>,
): void {
  const encoder = new SamplesEncoder();
  const batch = new SampleBatch(maxSamplesPerRecord);
  const samples = new SampleColumns(256);
  const flush = () => {
    context.checkCancelled();
    if (batch.count > 0) checkpoint.append(encoder.encode(batch));
    checkpoint.result.samples += batch.count;
    batch.clear();
  };
  const { order } = groupBySeries(copy);
  for (const at of order) {
    samples.clear();
    const count = decodeChunk(chunkOf(copy, at), samples);
    const ref = liveRefs[copy.series[at]!]!;
    for (let index = 0; index < count; index++) {
      batch.push(ref, samples.lo[index]!, samples.hi[index]!, samples.times[index]!);
      if (batch.count === maxSamplesPerRecord) flush();
    }
  }
  flush();
}
