import { copyHead, headCopyBuffers, type Head, type HeadCopy, type Pacer } from '../head/index.ts';
import type { SampleBatch } from '../sample-batch.ts';
import { SamplesEncoder } from '../wal/index.ts';
import { maxSamplesPerRecord, maxSeriesPerRecord } from './limits.ts';
import type { WroteCheckpoint } from './checkpoint-writer.ts';
import { SeriesEncoder } from './series-encoder.ts';
import type { StoreThread } from './types.ts';
import { removeCovered, type WalListing } from './wal-dir.ts';
import type { WalWriter } from './wal-writer.ts';
import type { WriteCheckpoint } from './write-checkpoint.ts';
import type { WriteHeadCheckpoint } from './write-head-checkpoint.ts';

/** Room for references at first; little for the reason of `grown-size.ts`. */
const firstRefs = 64;
/** More room than this is given up when nothing needs it. */
const idleRefs = 4096;

interface Checkpoint {
  covered: number;
  segments: number[];
  sizeBytes: number;
}

/** What a checkpoint is to be made of, and the last segment that it covers. */
export interface Renewal {
  liveRefs: Uint32Array<ArrayBuffer>;
  copy: HeadCopy | null;
  covered: number;
}

type Aliases = Pick<WriteCheckpoint, 'aliasFrom' | 'aliasTo'>;

/**
 * The WAL of a store: what a commit writes to it, and what a cut block makes superfluous. Only one
 * task at a time may call {@link log} and {@link cutSegment}.
 */
export class WalLog {
  readonly writer: WalWriter;
  readonly #dir: string;
  readonly #head: Head;
  readonly #segmentLimit: number;
  readonly #encoder = new SamplesEncoder();
  readonly #seriesEncoder = new SeriesEncoder();
  /** References of series that no record of the WAL names yet, oldest first. */
  #unlogged = new Int32Array(firstRefs);
  #unloggedCount = 0;
  /** Finished segments that no checkpoint covers, with their bytes. */
  readonly #finished: Map<number, number>;
  #checkpoint: Checkpoint | undefined;
  #aliases: Aliases;

  constructor(options: {
    dir: string;
    head: Head;
    writer: WalWriter;
    segmentLimit: number;
    listing: WalListing;
    aliases: Aliases;
  }) {
    const { listing } = options;
    this.writer = options.writer;
    this.#dir = options.dir;
    this.#head = options.head;
    this.#segmentLimit = options.segmentLimit;
    this.#aliases = options.aliases;
    this.#finished = listing.segmentBytes;
    if (listing.checkpoint !== undefined) {
      this.#checkpoint = {
        covered: listing.checkpoint,
        segments: listing.checkpointSegments,
        sizeBytes: listing.checkpointBytes,
      };
    }
  }

  get sizeBytes(): number {
    let sum = this.writer.segmentBytes + (this.#checkpoint?.sizeBytes ?? 0);
    for (const bytes of this.#finished.values()) sum += bytes;
    return sum;
  }

  /** Remembers that the WAL does not know a series yet. */
  noteSeries(ref: number): void {
    this.#reserve(1);
    this.#unlogged[this.#unloggedCount++] = ref;
  }

  /** As {@link noteSeries}, of the first `count` of `refs`. */
  noteEach(refs: Int32Array, count: number): void {
    this.#reserve(count);
    this.#unlogged.set(refs.subarray(0, count), this.#unloggedCount);
    this.#unloggedCount += count;
  }

  /**
   * Writes the series that are new and then the samples. On failure no sample of the batch is in
   * the WAL; series that got in before are known to it and not written again.
   */
  async log(batch: SampleBatch, pacer: Pacer): Promise<void> {
    while (this.#unloggedCount > maxSeriesPerRecord) {
      const refs = this.#unlogged.slice(0, maxSeriesPerRecord);
      await this.#write(() => this.#seriesRecord(refs));
      this.#forgetLogged(refs.length);
      if (pacer.isDue) await pacer.pause();
    }
    // A few series go with the samples: a write of their own would cost more than they do.
    const refs = this.#unlogged.slice(0, this.#unloggedCount);
    await this.#write(() => this.#records(refs, batch));
    this.#forgetLogged(refs.length);
  }

  /** Goes on in a new segment; returns the number of the finished one. */
  async cutSegment(): Promise<number> {
    const finished = await this.writer.cutSegment();
    this.#finished.set(finished.segment, finished.sizeBytes);
    return finished.segment;
  }

  /**
   * Replaces the finished segments up to `last` by a checkpoint of the live series and of their
   * samples from `mint` on.
   */
  async writeCheckpoint(
    last: number,
    mint: number,
    thread: StoreThread,
    signal: AbortSignal,
  ): Promise<void> {
    const segments = [...this.#finished.keys()].filter((segment) => segment <= last);
    if (segments.length === 0) return;
    segments.sort((a, b) => a - b);
    const { series } = this.#head;
    const payload: WriteCheckpoint = {
      walDir: this.#dir,
      previous: this.#checkpoint ?? null,
      segments,
      mint,
      liveRefs: series.refs.slice(0, series.slotEnd),
      ...this.#aliases,
      segmentBytes: this.#segmentLimit,
    };
    const transfer = [payload.liveRefs.buffer];
    const options = { transfer, signal };
    const result = (await thread.call('tsdb.writeCheckpoint', payload, options)) as WroteCheckpoint;
    await this.#cover(last, result);
  }

  /**
   * Ends the segment and copies all that it and those before it are needed for. Without samples there is
   * no copy: then the next commit names all series anew.
   */
  async cutForRenewal(pacer: Pacer): Promise<Renewal> {
    const { series } = this.#head;
    // Series that are added from here on are written by the next commit.
    const liveRefs = series.refs.slice(0, series.slotEnd);
    const copy = await copyHead(this.#head, -Infinity, Infinity, pacer);
    const covered = await this.cutSegment();
    if (copy === undefined) this.#noteAll();
    return { liveRefs, copy: copy ?? null, covered };
  }

  /** Replaces the finished segments up to that of a renewal by a checkpoint of what was in memory. */
  async renew(renewal: Renewal, thread: StoreThread, signal: AbortSignal): Promise<void> {
    const { copy, covered, liveRefs } = renewal;
    const payload: WriteHeadCheckpoint = {
      ...{ walDir: this.#dir, segmentBytes: this.#segmentLimit },
      ...{ copy, covered, liveRefs },
    };
    const transfer = [liveRefs.buffer, ...(copy === null ? [] : headCopyBuffers(copy))];
    const options = { transfer, signal };
    const method = 'tsdb.writeHeadCheckpoint';
    const result = (await thread.call(method, payload, options)) as WroteCheckpoint;
    await this.#cover(covered, result);
  }

  /** A durable checkpoint stands in for the segments up to `last`. */
  async #cover(last: number, { segments, sizeBytes }: WroteCheckpoint): Promise<void> {
    this.#checkpoint = { covered: last, segments, sizeBytes };
    // The checkpoint calls every series by its own reference.
    this.#aliases = { aliasFrom: new Uint32Array(0), aliasTo: new Uint32Array(0) };
    for (const segment of this.#finished.keys()) {
      if (segment <= last) this.#finished.delete(segment);
    }
    this.writer.noteCovered(last);
    await removeCovered(this.#dir, last);
  }

  /** Notes every live series, once, however often a renewal is tried. */
  #noteAll(): void {
    const { refs, slotEnd } = this.#head.series;
    this.#unloggedCount = 0;
    for (let slot = 1; slot < slotEnd; slot++) if (refs[slot] !== 0) this.noteSeries(refs[slot]!);
  }

  #reserve(count: number): void {
    if (this.#unloggedCount + count <= this.#unlogged.length) return;
    const grown = new Int32Array(2 * (this.#unloggedCount + count));
    grown.set(this.#unlogged.subarray(0, this.#unloggedCount));
    this.#unlogged = grown;
  }

  /** Forgets the oldest of the series that the WAL did not know. */
  #forgetLogged(count: number): void {
    this.#unlogged.copyWithin(0, count, this.#unloggedCount);
    this.#unloggedCount -= count;
    // Those of a first scrape need not be kept room for.
    if (this.#unloggedCount === 0 && this.#unlogged.length > idleRefs) {
      this.#unlogged = new Int32Array(firstRefs);
    }
  }

  /** Writes records with one write, into a new segment when this one would become too long. */
  async #write(records: () => Iterable<Uint8Array>): Promise<void> {
    const { writer } = this;
    for (const record of records()) writer.add(record);
    if (writer.isOver(this.#segmentLimit)) {
      writer.discard();
      await this.cutSegment();
      for (const record of records()) writer.add(record);
    }
    await writer.write();
  }

  *#records(refs: Int32Array, batch: SampleBatch): Generator<Uint8Array> {
    yield* this.#seriesRecord(refs);
    yield* this.#sampleRecords(batch);
  }

  /** The live series among `refs` as one record. */
  *#seriesRecord(refs: Int32Array): Generator<Uint8Array> {
    const record = this.#seriesEncoder.encode(this.#head.series, refs);
    if (record !== undefined) yield record;
  }

  /** The batch as records; each is valid until the next one is asked for. */
  *#sampleRecords(batch: SampleBatch): Generator<Uint8Array> {
    for (let from = 0; from < batch.count; from += maxSamplesPerRecord) {
      yield this.#encoder.encode(batch, from, Math.min(from + maxSamplesPerRecord, batch.count));
    }
  }
}
