import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ThreadContext } from '../../runtime/index.ts';
import { FileSink, readSegment, renameDurably, syncDirectory } from '../disk/index.ts';
import { maxSlots } from '../head/index.ts';
import { SampleBatch } from '../sample-batch.ts';
import {
  checkpointName,
  decodeSamplesRecord,
  decodeSeriesRecord,
  encodeSeriesRecord,
  PageFramer,
  SamplesEncoder,
  walRecordKind,
  walSegmentName,
} from '../wal/index.ts';

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

export interface WroteCheckpoint {
  sizeBytes: number;
  segments: number[];
  series: number;
  samples: number;
}

/** Writes what is still needed of old WAL segments into one checkpoint. Runs in a worker. */
export function writeCheckpoint(
  payload: WriteCheckpoint,
  context: Pick<ThreadContext, 'checkCancelled'>,
): WroteCheckpoint {
  const { walDir, previous, segments } = payload;
  const covered = segments.at(-1)!;
  const dir = join(walDir, checkpointName(covered));
  const temporary = `${dir}.tmp`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { mode: 0o750 });
  const checkpoint = new Checkpoint(temporary, payload);
  try {
    const sources: [string, number][] = [];
    if (previous !== null) {
      const from = join(walDir, checkpointName(previous.covered));
      for (const segment of previous.segments) sources.push([from, segment]);
    }
    for (const segment of segments) sources.push([walDir, segment]);
    for (const [from, segment] of sources) checkpoint.take(from, segment, context);
    checkpoint.close();
    syncDirectory(temporary);
    renameDurably(temporary, dir);
  } catch (error) {
    checkpoint.abandon();
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return checkpoint.result;
}

class Checkpoint {
  readonly result: WroteCheckpoint = { sizeBytes: 0, segments: [0], series: 0, samples: 0 };
  readonly #dir: string;
  readonly #mint: number;
  readonly #liveRefs: Uint32Array;
  readonly #aliases = new Map<number, number>();
  readonly #written: Uint8Array;
  readonly #segmentBytes: number;
  readonly #framer = new PageFramer();
  readonly #encoder = new SamplesEncoder();
  readonly #read = new SampleBatch(8192);
  readonly #kept = new SampleBatch(8192);
  #sink: FileSink;

  constructor(dir: string, payload: WriteCheckpoint) {
    this.#dir = dir;
    this.#mint = payload.mint;
    this.#liveRefs = payload.liveRefs;
    this.#written = new Uint8Array(payload.liveRefs.length);
    this.#segmentBytes = payload.segmentBytes;
    payload.aliasFrom.forEach((from, at) => this.#aliases.set(from, payload.aliasTo[at]!));
    this.#sink = new FileSink(join(dir, walSegmentName(0)));
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

  close(): void {
    this.#framer.finishSegment();
    this.#flush();
    this.#sink.close();
    this.result.sizeBytes += this.#sink.length;
  }

  abandon(): void {
    this.#sink.abandon();
  }

  #takeSeries(record: Uint8Array): void {
    const kept = decodeSeriesRecord(record).flatMap(({ ref, labels }) => {
      const live = this.#liveRef(ref);
      if (live === 0 || this.#written[live & (maxSlots - 1)] !== 0) return [];
      this.#written[live & (maxSlots - 1)] = 1;
      return [{ ref: live, labels }];
    });
    if (kept.length === 0) return;
    this.result.series += kept.length;
    this.#append(encodeSeriesRecord(kept));
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
    this.result.samples += kept.count;
    this.#append(this.#encoder.encode(kept));
  }

  /** The live reference that `ref` means, or 0. */
  #liveRef(ref: number): number {
    const meant = this.#aliases.size === 0 ? ref : (this.#aliases.get(ref) ?? ref);
    return this.#liveRefs[meant & (maxSlots - 1)] === meant ? meant : 0;
  }

  #append(record: Uint8Array): void {
    if (!this.#framer.fits(record.length, this.#segmentBytes) && this.#framer.segmentBytes > 0) {
      this.#nextSegment();
    }
    this.#framer.append(record);
    this.#flush();
  }

  #flush(): void {
    this.#sink.write(this.#framer.pending);
    this.#framer.clear();
  }

  #nextSegment(): void {
    this.close();
    this.#framer.startSegment();
    const segment = this.result.segments.length;
    this.result.segments.push(segment);
    this.#sink = new FileSink(join(this.#dir, walSegmentName(segment)));
  }
}
