import { assert } from '../../runtime/index.ts';
import type { Labels } from '../labels.ts';
import type { SampleBatch } from '../sample-batch.ts';
import { ClosedWindow } from './closed-window.ts';
import { slotBits } from './limits.ts';
import { OpenChunks, appendOutcome } from './open-chunks.ts';
import type { Pacer } from './pacer.ts';
import { SeriesTable } from './series-table.ts';
import type { SeriesVariants } from './series-variants.ts';

const slotMask = (1 << slotBits) - 1;
/** Where one run ends and none begins, up to so many samples are taken one by one: twice as many each time. */
const maxBurstSamples = 16;
/** Steps between two looks at the clock. */
const stepsPerLook = 1024;

/** What happened to the samples of a batch. */
export interface AppendCounts {
  appended: number;
  outOfOrder: number;
  duplicates: number;
  tooOld: number;
  tooNew: number;
}

/** Times that a batch may have, both ends included. */
export interface AdmittedRange {
  oldestMs: number;
  newestMs: number;
}

/**
 * The growing part of the store: every series with its open chunk, and the closed chunks of the
 * block ranges that are not cut yet (docs/format/head.md). All memory, no files.
 */
export class Head {
  readonly rangeMs: number;
  readonly series = new SeriesTable();
  readonly open: OpenChunks;
  /** Samples in open and closed chunks. */
  samples = 0;
  /** Time of the oldest sample; Infinity when there is none. */
  minMs = Infinity;
  /** Time of the newest sample that ever came in; -Infinity before the first. */
  maxMs = -Infinity;
  readonly #windows = new Map<number, ClosedWindow>();
  /** Closed chunks of a series that are still in memory. */
  #closedChunks = new Uint32Array(0);
  /** Number of garbage collections before the series was made. */
  #born = new Uint32Array(0);
  #collections = 0;

  /** `rangeMs` is the time range of one block. */
  constructor(rangeMs: number) {
    this.rangeMs = rangeMs;
    this.open = new OpenChunks(rangeMs, (series, mintMs, maxtMs, page, start, length) => {
      this.#windowOf(mintMs).add(series, mintMs, maxtMs, page, start, length);
      this.#closedChunks[series]!++;
    });
    this.#reserve();
  }

  /** Adds a series that is not there yet and returns its slot. */
  addSeries(labels: Labels): number {
    const slot = this.series.add(labels);
    this.#prepare(slot);
    return slot;
  }

  /** Adds the series with the value `value` that `findVariant` of {@link series} has just not found. */
  addVariant(value: string): number {
    const slot = this.series.addVariant(value);
    this.#prepare(slot);
    return slot;
  }

  /** Finds each of `variants`, or adds it; there must be slots for all of them. Returns how many were added. */
  addVariants(variants: SeriesVariants): number {
    const added = this.series.addVariants(variants);
    this.#reserve();
    this.#resetEach(variants.added, added);
    return added;
  }

  /** Adds a series in a given free slot, with a given reference. */
  addSeriesAt(slot: number, labels: Labels, ref: number): void {
    this.series.addAt(slot, labels, ref);
    this.#prepare(slot);
  }

  /**
   * How many samples of the batch, from its begin on, are of known series, in range and newer than
   * what their series has: all of them as a rule, and then there is nothing else to look at.
   */
  countAdmitted(batch: SampleBatch, { oldestMs, newestMs }: AdmittedRange): number {
    return this.open.countAdmitted(batch, this.series.refs, oldestMs, newestMs);
  }

  /** Index of the first sample of the batch whose series is not known, or -1. */
  findUnknown(batch: SampleBatch): number {
    const { refs: live } = this.series;
    const { refs, timesMs, count } = batch;
    for (let at = 0; at < count; at++) {
      const ref = refs[at]!;
      if (live[ref & slotMask] !== ref || ref === 0) return at;
      // Half milliseconds or NaN would become garbage in a chunk.
      assert(Math.floor(timesMs[at]!) === timesMs[at], 'times are whole milliseconds');
    }
    return -1;
  }

  /** Copies the samples that would be stored into `admitted` and counts the others. */
  admit(
    batch: SampleBatch,
    range: AdmittedRange,
    admitted: SampleBatch,
    counts: AppendCounts,
  ): void {
    const { open } = this;
    admitted.clear();
    for (let at = 0; at < batch.count; at++) {
      const timeMs = batch.timesMs[at]!;
      const lo = batch.lo[at]!;
      const hi = batch.hi[at]!;
      const slot = batch.refs[at]! & slotMask;
      if (timeMs < range.oldestMs) counts.tooOld++;
      else if (timeMs > range.newestMs) counts.tooNew++;
      else if (timeMs > open.lastT(slot)) admitted.push(batch.refs[at]!, lo, hi, timeMs);
      else if (timeMs < open.lastT(slot)) counts.outOfOrder++;
      else if (open.hasValue(slot, lo, hi)) counts.appended++;
      else counts.duplicates++;
    }
  }

  /** Appends the samples `[from, to)` of a batch, whose series are all known. */
  append(batch: SampleBatch, counts: AppendCounts, from: number, to: number): void {
    const { open } = this;
    let stored = 0;
    let burst = 1;
    for (let at = from; at < to;) {
      const next = open.appendRun(batch, at, to);
      stored += next - at;
      // Series of one target often end their chunks together; new ones stand among known ones.
      burst = next === at ? Math.min(2 * burst, maxBurstSamples) : 1;
      const end = Math.min(to, next + burst);
      for (at = next; at < end; at++) {
        const slot = batch.refs[at]! & slotMask;
        const outcome = open.append(slot, batch.timesMs[at]!, batch.lo[at]!, batch.hi[at]!);
        if (outcome === appendOutcome.stored) stored++;
        else if (outcome === appendOutcome.outOfOrder) counts.outOfOrder++;
        else if (outcome === appendOutcome.duplicate) counts.duplicates++;
        else counts.appended++;
      }
    }
    counts.appended += stored;
    this.samples += stored;
    this.#noteTimes(batch, from, to);
  }

  /** Widens the head's range by samples of a batch that were stored, or are there already. */
  #noteTimes({ timesMs }: SampleBatch, from: number, to: number): void {
    let { minMs, maxMs } = this;
    let notedMs = NaN;
    for (let at = from; at < to; at++) {
      const timeMs = timesMs[at]!;
      if (timeMs === notedMs) continue;
      notedMs = timeMs;
      if (timeMs > maxMs) maxMs = timeMs;
      if (timeMs < minMs) minMs = timeMs;
    }
    this.minMs = minMs;
    this.maxMs = maxMs;
  }

  /** Appends one sample to the series in a slot, as replay does. */
  appendAt(slot: number, timeMs: number, lo: number, hi: number): boolean {
    if (this.open.append(slot, timeMs, lo, hi) !== appendOutcome.stored) return false;
    this.samples++;
    if (timeMs > this.maxMs) this.maxMs = timeMs;
    if (timeMs < this.minMs) this.minMs = timeMs;
    return true;
  }

  /** The block ranges with closed chunks. */
  windows(): Iterable<ClosedWindow> {
    return this.#windows.values();
  }

  /** Gives up what the head has outside of memory. */
  async close(): Promise<void> {
    for (const window of this.#windows.values()) await window.close();
  }

  /**
   * Closes the open chunks that began before `endMs`, a multiple of the block range that no sample
   * can come in before any more.
   */
  async closeBefore(endMs: number, pacer: Pacer): Promise<void> {
    for (let slot = 1; slot < this.series.slotEnd; slot++) {
      if (slot % stepsPerLook === 0 && pacer.isDue) await pacer.pause();
      if (this.open.count(slot) === 0 || this.open.minT(slot) >= endMs) continue;
      this.open.close(slot);
      this.open.releaseSlot(slot);
    }
  }

  /**
   * Drops the block ranges before `endMs` and then every series that has no samples any more and
   * existed at the previous collection. No batch may be in the middle of its commit.
   */
  async dropBefore(endMs: number, pacer: Pacer): Promise<void> {
    for (const window of [...this.#windows.values()]) {
      if (window.startMs >= endMs) continue;
      for (let at = 0; at < window.count; at++) {
        if (at % stepsPerLook === 0 && pacer.isDue) await pacer.pause();
        this.#closedChunks[window.series[at]!]!--;
      }
      this.samples -= window.samples;
      this.#windows.delete(window.startMs);
      await window.close();
    }
    await this.collect(pacer, this.#collections);
  }

  /**
   * Forgets the series without samples that were made before collection `bornBefore`, and finds the
   * oldest sample again. A series that was just made waits for its first samples.
   */
  async collect(pacer: Pacer, bornBefore: number): Promise<void> {
    let minMs = Infinity;
    for (const window of this.#windows.values()) minMs = Math.min(minMs, window.minMs);
    for (let slot = 1; slot < this.series.slotEnd; slot++) {
      if (slot % stepsPerLook === 0 && pacer.isDue) await pacer.pause();
      if (this.series.refs[slot] === 0) continue;
      if (this.open.count(slot) > 0) minMs = Math.min(minMs, this.open.minT(slot));
      else if (this.#closedChunks[slot] === 0 && this.#born[slot]! < bornBefore) {
        this.open.releaseSlot(slot);
        this.series.remove(slot);
      }
    }
    this.#collections++;
    this.minMs = minMs;
  }

  #windowOf(timeMs: number): ClosedWindow {
    const startMs = Math.floor(timeMs / this.rangeMs) * this.rangeMs;
    let window = this.#windows.get(startMs);
    if (window === undefined) {
      window = new ClosedWindow(startMs);
      this.#windows.set(startMs, window);
    }
    return window;
  }

  #prepare(slot: number): void {
    this.#reserve();
    this.#reset(slot);
  }

  #reset(slot: number): void {
    this.open.reset(slot);
    this.#closedChunks[slot] = 0;
    this.#born[slot] = this.#collections;
  }

  /** Makes the slots of the first `count` of `refs` ready for their series. */
  #resetEach(refs: Int32Array, count: number): void {
    for (let at = 0; at < count; at++) this.#reset(refs[at]! & slotMask);
  }

  #reserve(): void {
    const { capacity } = this.series;
    if (capacity <= this.#born.length) return;
    this.open.reserve(capacity);
    const closedChunks = this.#closedChunks;
    const born = this.#born;
    (this.#closedChunks = new Uint32Array(capacity)).set(closedChunks);
    (this.#born = new Uint32Array(capacity)).set(born);
  }
}
