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
  walSegmentName,
  type WalSegmentReader,
} from '../wal/index.ts';
import { ReplayRefs } from './replay-refs.ts';
import type { LostRange } from './types.ts';
import { withHoles, type WalListing } from './wal-dir.ts';

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
  /** The records are compressed: whole, and made by another program. */
  isCompressed: boolean;
}

export interface ReplayResult {
  samples: number;
  /** Samples that are in a block already. */
  samplesTooOld: number;
  /** Samples whose series the WAL does not name. */
  samplesUnknown: number;
  /** In the order they were met; replay goes on behind a torn segment, and behind a checkpoint. */
  damages: WalDamage[];
  /** Segments, as paths, before which others are missing. */
  holes: string[];
  /**
   * Times between which samples are missing although later ones are there: around what could not be
   * read, and of series that were named in it.
   */
  lost: LostRange[];
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
    // No checkpoint is without segments, a WAL is at first.
    if (listing.checkpointSegments.length === 0) replay.noteHole(join(dir, walSegmentName(0)));
    await replay.readAll(dir, listing.checkpointSegments, 0);
  }
  // What is behind the damage in a checkpoint is lost; the segments are not.
  await replay.readAll(walDir, listing.segments, (listing.checkpoint ?? -1) + 1);
  return replay.finish();
}

class Replay {
  readonly #head: Head;
  readonly #oldestMs: number;
  readonly #pacer: Pacer;
  readonly #refs: ReplayRefs;
  readonly #batch = new SampleBatch(8192);
  readonly #damages: WalDamage[] = [];
  readonly #holes: string[] = [];
  readonly #losses: Losses;
  #samples = 0;
  #tooOld = 0;
  #unknown = 0;

  constructor(head: Head, oldestMs: number, pacer: Pacer) {
    this.#head = head;
    this.#oldestMs = oldestMs;
    this.#pacer = pacer;
    this.#refs = new ReplayRefs(head);
    this.#losses = new Losses(oldestMs);
  }

  /** Reads segments, of which the first is to be `first`, up to damage that is more than a torn end. */
  async readAll(dir: string, segments: readonly number[], first: number) {
    const last = segments.at(-1);
    for (const { segment, isAfterHole } of withHoles(segments, first)) {
      if (isAfterHole) this.noteHole(join(dir, walSegmentName(segment)));
      const damage = await this.#read(dir, segment, segment === last);
      if (damage === undefined) continue;
      this.#losses.begin(this.#head.maxMs);
      if (!damage.isTorn) return;
    }
  }

  noteHole(path: string): void {
    this.#holes.push(path);
    this.#losses.begin(this.#head.maxMs);
  }

  /** Reads one segment to its end or to its first damage, which is returned. */
  async #read(dir: string, segment: number, isLast: boolean): Promise<WalDamage | undefined> {
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
      const isCompressed = error.code === 'TSDB_WAL_COMPRESSED';
      const damage = {
        ...{ dir, segment, offset, bytes, isTorn, isLast, isCompressed },
        reason: error.message,
      };
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
      holes: this.#holes,
      lost: this.#losses.ranges(),
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
    if (this.#losses.isOpen) this.#losses.end(batch);
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
      if (slot === 0) {
        this.#unknown++;
        this.#losses.noteUnknown(timeMs);
      } else if (this.#head.appendAt(slot, timeMs, lo[at]!, hi[at]!)) this.#samples++;
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

/** Times of which samples may be missing, told by those that were read before and behind. */
class Losses {
  readonly #oldestMs: number;
  readonly #ranges: LostRange[] = [];
  /** Newest time before what is missing, while nothing was read behind it. */
  #fromMs: number | undefined;
  #unknownFromMs = Infinity;
  #unknownToMs = -Infinity;

  constructor(oldestMs: number) {
    this.#oldestMs = oldestMs;
  }

  /** Something is missing behind samples up to `newestMs`, or behind the blocks if there are none. */
  begin(newestMs: number): void {
    this.#fromMs ??= Math.max(newestMs, this.#oldestMs);
  }

  get isOpen(): boolean {
    return this.#fromMs !== undefined;
  }

  /** What was missing ends with the samples that were read now, unless they all are in a block. */
  end({ timesMs, count }: SampleBatch): void {
    let firstMs = Infinity;
    for (let at = 0; at < count; at++) {
      if (timesMs[at]! >= this.#oldestMs) firstMs = Math.min(firstMs, timesMs[at]!);
    }
    if (firstMs === Infinity) return;
    const mint = Number.isFinite(this.#fromMs) ? this.#fromMs! : firstMs;
    this.#ranges.push({ mint, maxt: Math.max(mint + 1, firstMs) });
    this.#fromMs = undefined;
  }

  noteUnknown(timeMs: number): void {
    this.#unknownFromMs = Math.min(this.#unknownFromMs, timeMs);
    this.#unknownToMs = Math.max(this.#unknownToMs, timeMs);
  }

  /**
   * Oldest first. What is missing at the end of all that was stored is not among them: nobody knows
   * how long it was.
   */
  ranges(): LostRange[] {
    if (this.#unknownFromMs <= this.#unknownToMs) {
      this.#ranges.push({ mint: this.#unknownFromMs, maxt: this.#unknownToMs + 1 });
    }
    return this.#ranges.sort((one, other) => one.mint - other.mint);
  }
}
