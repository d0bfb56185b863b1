import { statfs } from 'node:fs/promises';
import { errorText, type Clock, type Timer } from '../../runtime/index.ts';
import {
  labelValuesSince,
  Pacer,
  type AdmittedRange,
  type LabelCount,
  type SeriesCount,
  type SeriesVariants,
} from '../head/index.ts';
import type { Labels } from '../labels.ts';
import { SampleBatch } from '../sample-batch.ts';
import { BlockRemover } from './block-remover.ts';
import { checkLabels } from './check-labels.ts';
import { Cutter } from './cutter.ts';
import { closed, StoreError, unknownSeries } from './errors.ts';
import { maintainIntervalMs, samplesPerLook } from './limits.ts';
import { openStore, type StoreParts } from './open-store.ts';
import { Merger } from './merger.ts';
import { PageMover } from './page-mover.ts';
import { noThread, rehearsalParts } from './rehearsal.ts';
import { Turnstile } from './turnstile.ts';
import type {
  BlockInfo,
  CommitResult,
  LostRange,
  SnapshotRequest,
  StoreOptions,
  StoreProblem,
  StoreStats,
} from './types.ts';
import { WalSync } from './wal-sync.ts';
import { walError } from './wal-writer.ts';

/**
 * The local store of a collecting node: head, WAL and blocks in one directory
 * (docs/format/store.md). One object per directory; it owns its timers until {@link close}.
 */
export class Store {
  readonly #parts: StoreParts;
  readonly #clock: Clock;
  readonly #turnstile: Turnstile;
  readonly #cutter: Cutter;
  readonly #merger: Merger;
  readonly #remover: BlockRemover;
  readonly #mover: PageMover;
  readonly #walSync: WalSync;
  readonly #admitted = new SampleBatch(0);
  #onBlockCut: ((block: BlockInfo) => void) | undefined;
  #mayMerge: (block: BlockInfo) => boolean;
  /** Samples before this are in blocks, or were. */
  #blocksEndMs: number;
  #maintainTimer: Timer | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: StoreOptions, parts: StoreParts) {
    this.#parts = parts;
    this.#clock = options.clock;
    this.#onBlockCut = options.onBlockCut;
    this.#mayMerge = options.mayMerge ?? (() => false);
    this.#turnstile = new Turnstile(parts.limits.maxWaitingCommits);
    this.#blocksEndMs = parts.blocks.maxt;
    const { dir, clock, rng, thread, metaExtra } = options;
    const { head, blocks, wal, problems } = parts;
    this.#walSync = new WalSync(clock, wal.writer, problems);
    this.#cutter = new Cutter({
      ...{ dir, clock, rng, thread, head, blocks, wal, problems },
      ...{ turnstile: this.#turnstile, extra: metaExtra },
      onBlock: (block) => this.#registerBlock(block),
    });
    const remover = new BlockRemover({ dir, thread, blocks, problems });
    this.#remover = remover;
    this.#merger = new Merger({
      ...{ dir, clock, rng, thread, blocks, remover, problems, extra: metaExtra },
      rangeMs: head.rangeMs,
      mayMerge: (block) => this.#mayMerge(block),
      freeBytes: options.freeBytes ?? (() => freeBytes(dir)),
      isCutDue: () => this.#cutter.isDue,
    });
    this.#mover = new PageMover({ head, dir, clock, rng, maxBytes: parts.limits.maxClosedBytes });
    this.#mover.look();
    this.#scheduleMaintenance();
  }

  /**
   * Opens or creates the store: locks the directory, removes what a crash left half done, loads
   * the blocks and replays the WAL. Rejects with `TSDB_LOCKED` when another process holds it.
   */
  static async open(options: StoreOptions): Promise<Store> {
    return new Store(options, await openStore(options));
  }

  /**
   * A store that keeps nothing: what is committed is gone when it is closed, and no disk sees any of
   * it. It is for running the way of samples before the first ones come, which takes moments; it
   * cannot last until a block is due.
   */
  static async rehearsal({ clock, rng }: Pick<StoreOptions, 'clock' | 'rng'>): Promise<Store> {
    return new Store({ dir: '', clock, rng, thread: noThread }, await rehearsalParts());
  }

  /**
   * Reference of the series with these labels (sorted as `labelsFrom` does); creates it. Throws
   * `TSDB_SERIES_LIMIT` or `TSDB_BAD_LABELS`. A reference stays good while {@link isLive} says so;
   * a series without samples in the head is forgotten after a block was cut.
   */
  seriesRef(labels: Labels): number {
    const { head, wal, limits } = this.#parts;
    const known = head.series.find(labels);
    if (known !== 0) return head.series.refs[known]!;
    if (this.#closing !== undefined) throw closed();
    checkLabels(labels);
    if (head.series.count >= limits.maxSeries || !head.series.hasRoom()) {
      const message = `the store holds ${String(head.series.count)} series and takes no new ones`;
      throw new StoreError('TSDB_SERIES_LIMIT', message);
    }
    // The columns may move when a series is added: look at them afterwards.
    const slot = head.addSeries(labels);
    const ref = head.series.refs[slot]!;
    wal.noteSeries(ref);
    return ref;
  }

  /**
   * Reference of the series that is as that of `ref`, but for the value of its label `name`; creates it.
   * Undefined when `ref` is dead, its series has no such label, or a new one is not possible: then
   * {@link seriesRef} says why.
   */
  variantRef(ref: number, name: string, value: string): number | undefined {
    const { head, wal, limits } = this.#parts;
    const { series } = head;
    const slot = series.slotOf(ref);
    if (slot === 0 || value === '') return undefined;
    const found = series.findVariant(slot, name, value);
    if (found > 0) return series.refs[found]!;
    const isFull = series.count >= limits.maxSeries || !series.hasRoom();
    if (found < 0 || isFull || this.#closing !== undefined) return undefined;
    // The columns may move when a series is added: look at them afterwards.
    const added = head.addVariant(value);
    wal.noteSeries(series.refs[added]!);
    return series.refs[added]!;
  }

  /** As {@link variantRef}, of many, and of none when there might be no room for one; returns how many were made. */
  variantRefs(variants: SeriesVariants): number {
    const { head, wal, limits } = this.#parts;
    const { count, found } = variants;
    const isFull = head.series.count + count > limits.maxSeries || !head.series.hasRoom(count);
    if (isFull || this.#closing !== undefined) {
      found.fill(-1, 0, count);
      return 0;
    }
    const added = head.addVariants(variants);
    wal.noteEach(variants.added, added);
    return added;
  }

  /** Metric name of a series that is in use: the same string each time. Empty when it has none. */
  metricOf(ref: number): string {
    const { series } = this.#parts.head;
    const slot = series.slotOf(ref);
    return slot === 0 ? '' : series.metricOf(slot);
  }

  /** Reference of the series with these labels, as {@link seriesRef}, if there is one. */
  findSeries(labels: Labels): number | undefined {
    const { series } = this.#parts.head;
    const slot = series.find(labels);
    return slot === 0 ? undefined : series.refs[slot];
  }

  /**
   * The newest sample that the head has of the series with these labels, its value as two halves;
   * undefined when it has none.
   */
  lastSample(labels: Labels): { timeMs: number; lo: number; hi: number } | undefined {
    const { open, series } = this.#parts.head;
    const slot = series.find(labels);
    const timeMs = slot === 0 ? -Infinity : open.lastT(slot);
    return Number.isFinite(timeMs) ? { timeMs, ...open.lastValue(slot) } : undefined;
  }

  /** Whether a reference may still be used in a batch; references are never used again. */
  isLive(ref: number): boolean {
    return this.#parts.head.series.slotOf(ref) !== 0;
  }

  newBatch(capacity?: number): SampleBatch {
    return new SampleBatch(capacity);
  }

  /**
   * Writes the batch to the WAL, then to the head, as one transaction. The batch must not change
   * until this settles. Rejects with `TSDB_UNKNOWN_SERIES` (a reference of the batch is dead),
   * `TSDB_DISK_FULL`, `TSDB_WAL_IO`, `TSDB_BUSY` or `TSDB_CLOSED`; nothing is stored then.
   */
  commit(batch: SampleBatch): Promise<CommitResult> {
    return this.#turnstile.tryEnter(() => this.#commitNow(batch));
  }

  /** Cuts and merges what is due. The store does this by itself; calling it again is harmless. */
  async maintain(): Promise<void> {
    if (this.#closing !== undefined) return;
    // Memory grows until the cut is made; merging can wait.
    if (this.#cutter.isDue) await this.#merger.interrupt();
    await this.#cutter.run();
    await this.#remover.tidy();
    await this.#merger.run();
  }

  /**
   * Turns all that the head holds into blocks with the times of their samples, then empties head and
   * WAL: for a store that is not written to for a while. Commits wait until it is done. Rejects when
   * `signal` aborts or a block cannot be written; what is not in a block is then still in head and
   * WAL, whenever the process ends.
   */
  async cutRest(signal?: AbortSignal): Promise<void> {
    if (this.#closing !== undefined) throw closed();
    await this.#merger.interrupt();
    await this.#cutter.cutRest(signal);
  }

  /**
   * Writes the head's samples in a range as a block that is not part of the store and changes
   * nothing in it: every batch is in it with all of its samples in the range or not at all.
   * Undefined when there is no sample in the range.
   */
  async snapshotHead(request: SnapshotRequest): Promise<BlockInfo | undefined> {
    if (this.#closing !== undefined) throw closed();
    // Somebody waits for the thread.
    await this.#merger.interrupt();
    return this.#cutter.snapshot(request);
  }

  /** The blocks on disk, oldest first. */
  blocks(): readonly BlockInfo[] {
    return this.#parts.blocks.list();
  }

  /**
   * Removes a block durably, behind what the thread does with it at present. Rejects with
   * `TSDB_NO_BLOCK` when there is none of this name, and with `TSDB_DELETE_FAILED`.
   */
  async deleteBlock(ulid: string): Promise<void> {
    // The disk may be short: whoever needs room does not wait for a merge to fill it.
    await this.#merger.interrupt();
    if (this.#closing !== undefined) throw closed();
    await this.#remover.remove(ulid);
  }

  stats(): StoreStats {
    const { head, blocks, wal } = this.#parts;
    const isEmpty = head.samples === 0;
    return {
      headSeries: head.series.count,
      headSamples: head.samples,
      headMinMs: isEmpty ? undefined : head.minMs,
      headMaxMs: isEmpty ? undefined : head.maxMs,
      blocks: blocks.count,
      sizeBytes: blocks.sizeBytes + wal.sizeBytes,
      walBytes: wal.sizeBytes,
    };
  }

  /** Series in the head; grows by one when {@link seriesRef} makes one. */
  get seriesCount(): number {
    return this.#parts.head.series.count;
  }

  /** Most series that the head may have. */
  get maxSeries(): number {
    return this.#parts.limits.maxSeries;
  }

  /** The metrics of the head with the most series, largest first. */
  topMetrics(limit: number): SeriesCount[] {
    return this.#parts.head.series.topMetrics(limit);
  }

  /** The label names of the head with the most series, largest first, and how many values they have. */
  topLabels(limit: number): LabelCount[] {
    return this.#parts.head.series.topLabels(limit);
  }

  /** Values that a label has in series of the head with samples at or after a time, in no order. */
  labelValues(name: string, sinceMs: number): string[] {
    const { open, series } = this.#parts.head;
    return labelValuesSince(series, open, name, sinceMs);
  }

  /** Time of the newest sample in head and blocks. */
  newestSampleMs(): number | undefined {
    return finite(Math.max(this.#parts.head.maxMs, this.#parts.blocks.maxt - 1));
  }

  /** Time of the oldest sample in blocks and head. */
  oldestSampleMs(): number | undefined {
    return finite(Math.min(this.#parts.head.minMs, this.#parts.blocks.mint));
  }

  /**
   * Times of which samples were missing in the WAL when it was opened, with later ones behind them.
   * What is missing at its end is not among them: see {@link newestSampleMs}.
   */
  lostRanges(): readonly LostRange[] {
    return this.#parts.lost;
  }

  /**
   * Says that what the WAL lost has been told and noted: until then every open tells it again, so that
   * none that ends badly is the only one that knew. Rejects when the record cannot be removed.
   */
  settleRepairs(): Promise<void> {
    return this.#parts.settleRepairs();
  }

  problems(): readonly StoreProblem[] {
    return this.#parts.problems.list();
  }

  /** Sets the one listener for cut blocks (see {@link StoreOptions.onBlockCut}). */
  onBlockCut(listener: (block: BlockInfo) => void): void {
    this.#onBlockCut = listener;
  }

  /** Sets which blocks may be merged (see {@link StoreOptions.mayMerge}). */
  mergeWhen(mayMerge: (block: BlockInfo) => boolean): void {
    this.#mayMerge = mayMerge;
  }

  /** Resolves when everything that was committed is on the disk (fdatasync). */
  async flush(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    await this.#walSync.now();
  }

  /** Ends a running cut, flushes and frees the directory; cuts nothing, writes no markers. */
  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  async #commitNow(batch: SampleBatch): Promise<CommitResult> {
    const { wal, problems } = this.#parts;
    if (this.#closing !== undefined) throw closed();
    const counts = { appended: 0, outOfOrder: 0, duplicates: 0, tooOld: 0, tooNew: 0 };
    const admitted = this.#admit(batch, counts);
    if (admitted.count > 0) {
      const pacer = new Pacer(this.#clock);
      try {
        await wal.log(admitted, pacer);
      } catch (error) {
        const { cause, code, message } = walError(error);
        problems.set('wal', { code, message, reason: errorText(cause) });
        throw error;
      }
      problems.clear('wal');
      await this.#append(admitted, counts, pacer);
      this.#walSync.schedule();
      this.#mover.look();
      if (this.#cutter.isDue) this.#scheduleMaintenance(0);
    }
    return counts;
  }

  /** Makes the samples visible: those of a very large target in slices, before anybody else commits. */
  async #append(batch: SampleBatch, counts: CommitResult, pacer: Pacer): Promise<void> {
    const { head } = this.#parts;
    for (let from = 0; from < batch.count; from += samplesPerLook) {
      if (from > 0 && pacer.isDue) await pacer.pause();
      head.append(batch, counts, from, Math.min(from + samplesPerLook, batch.count));
    }
  }

  /** The samples of the batch that the head takes: usually the batch itself. Throws for dead series. */
  #admit(batch: SampleBatch, counts: CommitResult): SampleBatch {
    const { head, limits } = this.#parts;
    const range: AdmittedRange = {
      oldestMs: Math.max(head.maxMs - head.rangeMs / 2, this.#blocksEndMs),
      newestMs: this.#clock.nowMs() + limits.maxAheadMs,
    };
    if (head.countAdmitted(batch, range) === batch.count) return batch;
    const unknown = head.findUnknown(batch);
    if (unknown >= 0) throw unknownSeries(batch.refs[unknown]!);
    head.admit(batch, range, this.#admitted, counts);
    return this.#admitted;
  }

  #registerBlock(block: BlockInfo): void {
    this.#blocksEndMs = Math.max(this.#blocksEndMs, block.maxt);
    this.#onBlockCut?.(block);
  }

  /** Looks for work now and then, and at once when a commit made a block due. */
  #scheduleMaintenance(delayMs = maintainIntervalMs): void {
    this.#maintainTimer?.cancel();
    this.#maintainTimer = this.#clock.setTimer(delayMs, () => {
      this.#maintainTimer = undefined;
      void this.maintain().finally(() => {
        if (this.#closing === undefined) this.#scheduleMaintenance();
      });
    });
  }

  async #closeNow(): Promise<void> {
    const { head, wal, lock } = this.#parts;
    // Lets the caller's assignment of the closing promise happen before anything else runs.
    await Promise.resolve();
    const synced = this.#walSync.stop();
    this.#maintainTimer?.cancel();
    await Promise.all([this.#cutter.stop(), this.#merger.stop()]);
    await this.#remover.stop();
    await this.#mover.stop();
    await synced;
    try {
      await this.#turnstile.enter(() => wal.writer.close());
    } finally {
      await head.close().finally(() => lock.release());
    }
  }
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
