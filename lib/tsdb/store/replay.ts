import { join } from 'node:path';
import { readSegment } from '../disk/index.ts';
import { TsdbError } from '../errors.ts';
import type { Head, Pacer } from '../head/index.ts';
import { SampleBatch } from '../sample-batch.ts';
import {
  checkpointName,
  decodeSamplesRecord,
  decodeSeriesRecord,
  walRecordKind,
  type WalSegmentReader,
} from '../wal/index.ts';
import { ReplayRefs } from './replay-refs.ts';
import type { WalListing } from './wal-dir.ts';

/** Where a WAL cannot be read any further. */
export interface WalDamage {
  /** Directory of the damaged segment: the WAL itself or its checkpoint. */
  dir: string;
  segment: number;
  /** Everything before this is whole records. */
  offset: number;
  /** Bytes of the segment from there on. */
  bytes: number;
  /** Whether the segment just ends inside a record, as a crash leaves it. */
  isTorn: boolean;
  isLast: boolean;
  reason: string;
}

export interface ReplayResult {
  samples: number;
  /** Samples that are in a block already. */
  samplesTooOld: number;
  /** Samples whose series the WAL does not name. */
  samplesUnknown: number;
  /** In the order they were met; replay goes on behind a torn segment, and behind a checkpoint. */
  damages: WalDamage[];
  /** Slots of series whose reference the WAL does not know. */
  unlogged: number[];
  aliases: { from: Uint32Array<ArrayBuffer>; to: Uint32Array<ArrayBuffer> };
}

/**
 * Reads checkpoint and segments of a WAL into an empty head. Samples before `oldestMs` are left
 * out: a block holds them. Ends at damage that is more than a torn end.
 */
export async function replayWal(options: {
  walDir: string;
  listing: WalListing;
  head: Head;
  oldestMs: number;
  pacer: Pacer;
}): Promise<ReplayResult> {
  const { walDir, listing, head, oldestMs, pacer } = options;
  const replay = new Replay(head, oldestMs, pacer);
  if (listing.checkpoint !== undefined) {
    const dir = join(walDir, checkpointName(listing.checkpoint));
    for (const segment of listing.checkpointSegments) {
      const damage = await replay.read(dir, segment, false);
      // What is behind the damage in a checkpoint is lost; the segments are not.
      if (damage !== undefined && !damage.isTorn) break;
    }
  }
  const last = listing.segments.at(-1);
  for (const segment of listing.segments) {
    const damage = await replay.read(walDir, segment, segment === last);
    if (damage !== undefined && !damage.isTorn) break;
  }
  return replay.finish();
}

class Replay {
  readonly #head: Head;
  readonly #oldestMs: number;
  readonly #pacer: Pacer;
  readonly #refs: ReplayRefs;
  readonly #batch = new SampleBatch(8192);
  readonly #damages: WalDamage[] = [];
  #samples = 0;
  #tooOld = 0;
  #unknown = 0;

  constructor(head: Head, oldestMs: number, pacer: Pacer) {
    this.#head = head;
    this.#oldestMs = oldestMs;
    this.#pacer = pacer;
    this.#refs = new ReplayRefs(head);
  }

  /** Reads one segment to its end or to its first damage, which is returned. */
  async read(dir: string, segment: number, isLast: boolean): Promise<WalDamage | undefined> {
    const { reader, sizeBytes, close } = readSegment(dir, segment);
    try {
      for (;;) {
        if (this.#pacer.isDue) await this.#pacer.pause();
        if (!this.#readRecord(reader)) return undefined;
      }
    } catch (error) {
      if (!(error instanceof TsdbError)) throw error;
      const offset = reader.recordOffset;
      const isTorn = error.code === 'TSDB_WAL_TORN';
      const bytes = sizeBytes - offset;
      const damage = { dir, segment, offset, bytes, isTorn, isLast, reason: error.message };
      this.#damages.push(damage);
      return damage;
    } finally {
      close();
    }
  }

  finish(): ReplayResult {
    const unlogged = this.#refs.finish();
    return {
      samples: this.#samples,
      samplesTooOld: this.#tooOld,
      samplesUnknown: this.#unknown,
      damages: this.#damages,
      unlogged,
      aliases: this.#refs.aliases(),
    };
  }

  #readRecord(reader: WalSegmentReader): boolean {
    const record = reader.next();
    if (record === undefined) return false;
    const kind = walRecordKind(record);
    if (kind === 'series') {
      for (const { ref, labels } of decodeSeriesRecord(record)) this.#refs.add(ref, labels);
    } else if (kind === 'samples') {
      this.#batch.clear();
      decodeSamplesRecord(record, this.#batch);
      this.#appendBatch();
    }
    return true;
  }

  #appendBatch(): void {
    const batch = this.#batch;
    if (this.#isPlain(batch)) {
      const counts = { appended: 0, outOfOrder: 0, duplicates: 0, tooOld: 0, tooNew: 0 };
      this.#head.append(batch, counts, 0, batch.count);
      this.#samples += counts.appended;
      return;
    }
    const { refs, timesMs, lo, hi, count } = batch;
    for (let at = 0; at < count; at++) {
      const timeMs = timesMs[at]!;
      if (timeMs < this.#oldestMs) {
        this.#tooOld++;
        continue;
      }
      const slot = this.#refs.slotOf(refs[at]!);
      if (slot === 0) this.#unknown++;
      else if (this.#head.appendAt(slot, timeMs, lo[at]!, hi[at]!)) this.#samples++;
    }
  }

  /** Whether all samples are new enough and of series that have the reference of the WAL. */
  #isPlain({ refs, timesMs, count }: SampleBatch): boolean {
    for (let at = 0; at < count; at++) {
      if (timesMs[at]! < this.#oldestMs || !this.#refs.isPlain(refs[at]!)) return false;
    }
    return true;
  }
}
