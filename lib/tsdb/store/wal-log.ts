import type { Head, Pacer } from '../head/index.ts';
import type { SampleBatch } from '../sample-batch.ts';
import { SamplesEncoder, encodeSeriesRecord, type WalSeries } from '../wal/index.ts';
import { maxSamplesPerRecord, maxSeriesPerRecord } from './limits.ts';
import type { StoreThread } from './types.ts';
import { removeCovered, type WalListing } from './wal-dir.ts';
import type { WalWriter } from './wal-writer.ts';
import type { WriteCheckpoint, WroteCheckpoint } from './write-checkpoint.ts';

interface Checkpoint {
  covered: number;
  segments: number[];
  sizeBytes: number;
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
  /** References of series that no record of the WAL names yet, oldest first. */
  readonly #unlogged: number[] = [];
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
    this.#unlogged.push(ref);
  }

  /** Writes the series that are new and then the samples; on failure nothing of it is in the WAL. */
  async log(batch: SampleBatch, pacer: Pacer): Promise<void> {
    const { writer } = this;
    const newSeries = this.#unlogged.length;
    await this.#add(batch, newSeries, pacer);
    if (writer.isOver(this.#segmentLimit)) {
      writer.discard();
      await this.cutSegment();
      await this.#add(batch, newSeries, pacer);
    }
    await writer.write();
    this.#unlogged.splice(0, newSeries);
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
    const result = (await thread.call('tsdb.writeCheckpoint', payload, {
      transfer,
      signal,
    })) as WroteCheckpoint;
    this.#checkpoint = {
      covered: last,
      segments: result.segments,
      sizeBytes: result.sizeBytes,
    };
    // The checkpoint calls every series by its own reference.
    this.#aliases = { aliasFrom: new Uint32Array(0), aliasTo: new Uint32Array(0) };
    for (const segment of segments) this.#finished.delete(segment);
    await removeCovered(this.#dir, last);
  }

  async #add(batch: SampleBatch, newSeries: number, pacer: Pacer): Promise<void> {
    for (let from = 0; from < newSeries; from += maxSeriesPerRecord) {
      const to = Math.min(from + maxSeriesPerRecord, newSeries);
      const series = [...this.#liveSeries(from, to)];
      if (series.length > 0) this.writer.add(encodeSeriesRecord(series));
      if (pacer.isDue) await pacer.pause();
    }
    for (let from = 0; from < batch.count; from += maxSamplesPerRecord) {
      const to = Math.min(from + maxSamplesPerRecord, batch.count);
      this.writer.add(this.#encoder.encode(batch, from, to));
    }
  }

  *#liveSeries(from: number, to: number): Generator<WalSeries> {
    for (let at = from; at < to; at++) {
      const ref = this.#unlogged[at]!;
      const slot = this.#head.series.slotOf(ref);
      if (slot !== 0) yield { ref, labels: this.#head.series.labels(slot) };
    }
  }
}
