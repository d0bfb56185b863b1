import { join } from 'node:path';
import type { ThreadContext } from '../../runtime/index.ts';
import { readSegment } from '../disk/index.ts';
import { maxSlots } from '../head/index.ts';
import { SampleBatch } from '../sample-batch.ts';
import {
  checkpointName,
  decodeSamplesRecord,
  decodeSeriesRecord,
  encodeSeriesRecord,
  SamplesEncoder,
  walRecordKind,
} from '../wal/index.ts';
import {
  writeCheckpointFiles,
  type CheckpointWriter,
  type WroteCheckpoint,
} from './checkpoint-writer.ts';

/** Payload of the method `tsdb.writeCheckpoint`. */
export interface WriteCheckpoint {
  walDir: string;
  /** The checkpoint before this one, if any, and its segments. */
  previous: { covered: number; segments: number[] } | null;
  /** Segments to cover, ascending; the last one gives the checkpoint its name. */
  segments: number[];
  /** Samples before this are in blocks and left out. */
  mint: number;
  /** Reference of the live series in each slot of the head, 0 for a free slot. */
  liveRefs: Uint32Array<ArrayBuffer>;
  /** References that stand for others: `aliasFrom[i]` is written as `aliasTo[i]`. */
  aliasFrom: Uint32Array<ArrayBuffer>;
  aliasTo: Uint32Array<ArrayBuffer>;
  segmentBytes: number;
}

/** Writes what is still needed of old WAL segments into one checkpoint. Runs in a worker. */
export function writeCheckpoint(
  payload: WriteCheckpoint,
  context: Pick<ThreadContext, 'checkCancelled'>,
): WroteCheckpoint {
  const { walDir, previous, segments, segmentBytes } = payload;
  const covered = segments.at(-1)!;
  return writeCheckpointFiles({ walDir, covered, segmentBytes }, (checkpoint) => {
    const needed = new NeededRecords(checkpoint, payload);
    if (previous !== null) {
      const from = join(walDir, checkpointName(previous.covered));
      for (const segment of previous.segments) needed.take(from, segment, context);
    }
    for (const segment of segments) needed.take(walDir, segment, context);
  });
}

/** What is still needed of records, as they are read. */
class NeededRecords {
  readonly #checkpoint: CheckpointWriter;
  readonly #mint: number;
  readonly #liveRefs: Uint32Array;
  readonly #aliases = new Map<number, number>();
  readonly #written: Uint8Array;
  readonly #encoder = new SamplesEncoder();
  readonly #read = new SampleBatch(8192);
  readonly #kept = new SampleBatch(8192);

  constructor(checkpoint: CheckpointWriter, payload: WriteCheckpoint) {
    this.#checkpoint = checkpoint;
    this.#mint = payload.mint;
    this.#liveRefs = payload.liveRefs;
    this.#written = new Uint8Array(payload.liveRefs.length);
    payload.aliasFrom.forEach((from, at) => this.#aliases.set(from, payload.aliasTo[at]!));
  }

  /** Copies what is needed of one segment. */
  take(dir: string, segment: number, context: Pick<ThreadContext, 'checkCancelled'>): void {
    const { reader, close } = readSegment(dir, segment);
    try {
      for (let record = reader.next(); record !== undefined; record = reader.next()) {
        context.checkCancelled();
        const kind = walRecordKind(record);
        if (kind === 'series') this.#takeSeries(record);
        else if (kind === 'samples') this.#takeSamples(record);
      }
    } finally {
      close();
    }
  }

  #takeSeries(record: Uint8Array): void {
    const kept = decodeSeriesRecord(record).flatMap(({ ref, labels }) => {
      const live = this.#liveRef(ref);
      if (live === 0 || this.#written[live & (maxSlots - 1)] !== 0) return [];
      this.#written[live & (maxSlots - 1)] = 1;
      return [{ ref: live, labels }];
    });
    if (kept.length === 0) return;
    this.#checkpoint.result.series += kept.length;
    this.#checkpoint.append(encodeSeriesRecord(kept));
  }

  #takeSamples(record: Uint8Array): void {
    const read = this.#read;
    const kept = this.#kept;
    read.clear();
    kept.clear();
    decodeSamplesRecord(record, read);
    for (let at = 0; at < read.count; at++) {
      const timeMs = read.timesMs[at]!;
      if (timeMs < this.#mint) continue;
      const ref = this.#liveRef(read.refs[at]!);
      if (ref !== 0) kept.push(ref, read.lo[at]!, read.hi[at]!, timeMs);
    }
    if (kept.count === 0) return;
    this.#checkpoint.result.samples += kept.count;
    this.#checkpoint.append(this.#encoder.encode(kept));
  }

  /** The live reference that `ref` means, or 0. */
  #liveRef(ref: number): number {
    const meant = this.#aliases.size === 0 ? ref : (this.#aliases.get(ref) ?? ref);
    return this.#liveRefs[meant & (maxSlots - 1)] === meant ? meant : 0;
  }
}
