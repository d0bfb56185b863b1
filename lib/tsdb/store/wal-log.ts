import type { Head, Pacer } from '../head/index.ts';
import type { SampleBatch } from '../sample-batch.ts';
import { SamplesEncoder } from '../wal/index.ts';
import { maxSamplesPerRecord, maxSeriesPerRecord } from './limits.ts';
import { SeriesEncoder } from './series-encoder.ts';
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
  readonly #seriesEncoder = new SeriesEncoder();
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

  /**
   * Writes the series that are new and then the samples. On failure no sample of the batch is in
   * the WAL; series that got in before are known to it and not written again.
   */
  async log(batch: SampleBatch, pacer: Pacer): Promise<void> {
    while (this.#unlogged.length > maxSeriesPerRecord) {
      const refs = this.#unlogged.slice(0, maxSeriesPerRecord);
      await this.#write(() => this.#seriesRecord(refs));
      this.#unlogged.splice(0, refs.length);
      if (pacer.isDue) await pacer.pause();
    }
    // A few series go with the samples: a write of their own would cost more than they do.
    const refs = this.#unlogged.slice();
    await this.#write(() => this.#records(refs, batch));
    this.#unlogged.splice(0, refs.length);
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

  *#records(refs: readonly number[], batch: SampleBatch): Generator<Uint8Array> {
    yield* this.#seriesRecord(refs);
    yield* this.#sampleRecords(batch);
  }

  /** The live series among `refs` as one record. */
  *#seriesRecord(refs: readonly number[]): Generator<Uint8Array> {
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
