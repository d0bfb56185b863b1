import { codeOf, type Clock } from '../../../lib/runtime/index.ts';
import {
  labelValue,
  metricNameLabel,
  type Labels,
  type SeriesVariants,
} from '../../../lib/tsdb/index.ts';
import {
  growthPeriodMs,
  maxGrowthDivisor,
  maxReportSeries,
  reportSeriesShare,
  targetGrowthFactor,
} from '../limits.ts';
import type { SampleStore } from '../sample-store.ts';
import { RefList } from './ref-list.ts';

/** What of a target is not stored any more because there is too much new of it. */
export interface CutOff {
  /** The metric; undefined when the target as a whole brings too many new series. */
  metric: string | undefined;
  /** How many new series were allowed. */
  limit: number;
  /** When new series are taken again, by the wall clock. */
  untilMs: number;
}

/**
 * Watches how many new series a target brings. A metric that brings more than its limit within an
 * hour is cut off: its known series go on, further ones are not stored until the hour is over. All
 * metrics together have a limit, too, for exporters whose very names change. Who was cut off gets
 * half as much in the next hour, down to a sixteenth, so that series which only pile up end soon.
 * Counting begins with the first new series; a target's first scrape counts like any other.
 */
export class SeriesGrowth {
  readonly #clock: Clock;
  readonly #store: SampleStore;
  /** Most new series of one metric within an hour; 0 is no limit. */
  #limit = 0;
  /** What the limit is divided by after hours with something cut off. */
  #divisor = 1;
  #periodStartMs = -Infinity;
  #created = 0;
  /** New series whose metrics are not counted yet: so few that no metric has brought too many with them. */
  readonly #uncounted = new RefList();
  /** New series by metric, apart from those, and the most that one has. */
  readonly #createdOf = new Map<string, number>();
  #mostOfOne = 0;
  readonly #cutOffs = new Map<string | undefined, CutOff>();
  /** Whether the store refused a series in this hour because it is full. */
  isStoreFull = false;

  constructor(clock: Clock, store: SampleStore) {
    this.#clock = clock;
    this.#store = store;
  }

  set limit(limit: number) {
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#divisor = 1;
    this.#begin();
  }

  /** New series of this hour. */
  get created(): number {
    return this.#created;
  }

  /** What is cut off at present; the target as a whole first. */
  get cutOffs(): readonly CutOff[] {
    return [...this.#cutOffs.values()];
  }

  /**
   * Starts a new hour when the last one is over; true when something had been refused in it, so
   * that it is worth trying again.
   */
  turnPeriod(): boolean {
    if (this.#clock.monotonicMs() - this.#periodStartMs < growthPeriodMs) return false;
    const hadCutOffs = this.#cutOffs.size > 0;
    const hadRefused = hadCutOffs || this.isStoreFull;
    this.#divisor = hadCutOffs ? Math.min(maxGrowthDivisor, 2 * this.#divisor) : 1;
    this.#begin();
    return hadRefused;
  }

  /** Reference of a series, or -1 when it is new and must not be. */
  admit(labels: Labels): number {
    const store = this.#store;
    if (this.#isCutOff(labels)) return store.findSeries(labels) ?? -1;
    const before = store.seriesCount;
    const ref = this.#tryCreate(labels);
    if (store.seriesCount > before) this.#count(ref);
    return ref;
  }

  /**
   * Reference of the series that is as that of `ref` but for the value of one label; undefined when {@link admit}
   * has to say what becomes of it.
   */
  admitVariant(ref: number, label: string, value: string): number | undefined {
    if (this.#cutOffs.size > 0) return undefined;
    const store = this.#store;
    const before = store.seriesCount;
    if (before >= this.#mostScraped) return undefined;
    const variant = store.variantRef(ref, label, value);
    if (variant !== undefined && store.seriesCount > before) this.#count(variant);
    return variant;
  }

  /** As {@link admitVariant}, of many; of none of them when that could be one too many of any kind. */
  admitVariants(variants: SeriesVariants): void {
    const { count, found, added } = variants;
    if (!this.#hasRoom(count)) {
      found.fill(-1, 0, count);
      return;
    }
    const created = this.#store.variantRefs(variants);
    this.#created += created;
    if (this.#limit > 0) this.#uncounted.push(added, created);
  }

  /** Whether nothing could be cut off, nor the store be full, with `count` more series. */
  #hasRoom(count: number): boolean {
    if (this.#cutOffs.size > 0 || this.#store.seriesCount + count > this.#mostScraped) return false;
    if (this.#limit === 0) return true;
    const limit = Math.ceil(this.#limit / this.#divisor);
    if (this.#created + count >= limit * targetGrowthFactor) return false;
    if (this.#uncounted.count + this.#mostOfOne + count < limit) return true;
    this.#countMetrics(limit);
    return this.#mostOfOne + count < limit;
  }

  #tryCreate(labels: Labels): number {
    const store = this.#store;
    try {
      if (store.seriesCount < this.#mostScraped) return store.seriesRef(labels);
    } catch (error) {
      if (codeOf(error) !== 'TSDB_SERIES_LIMIT') throw error;
    }
    const known = store.findSeries(labels);
    // The series that are there go on; failing the scrape would end them all.
    if (known === undefined) this.isStoreFull = true;
    return known ?? -1;
  }

  /** Series that the store may have before what targets expose is refused: there must be room to say so. */
  get #mostScraped(): number {
    const { maxSeries } = this.#store;
    return maxSeries - Math.min(maxReportSeries, Math.floor(maxSeries * reportSeriesShare));
  }

  #isCutOff(labels: Labels): boolean {
    if (this.#cutOffs.size === 0) return false;
    return (
      this.#cutOffs.has(undefined) || this.#cutOffs.has(labelValue(labels, metricNameLabel) ?? '')
    );
  }

  /** Counts a new series, and its metric once one of them may have brought too many. */
  #count(ref: number): void {
    this.#created++;
    if (this.#limit === 0) return;
    this.#uncounted.add(ref);
    const limit = Math.ceil(this.#limit / this.#divisor);
    if (this.#uncounted.count + this.#mostOfOne >= limit) this.#countMetrics(limit);
    const all = limit * targetGrowthFactor;
    if (this.#created >= all) this.#cutOff(undefined, all);
  }

  /** Counts the metrics of the series that were not yet. */
  #countMetrics(limit: number): void {
    const { refs, count } = this.#uncounted;
    for (const ref of refs.subarray(0, count)) {
      const metric = this.#store.metricOf(ref);
      const created = (this.#createdOf.get(metric) ?? 0) + 1;
      this.#createdOf.set(metric, created);
      this.#mostOfOne = Math.max(this.#mostOfOne, created);
      if (created >= limit) this.#cutOff(metric, limit);
    }
    this.#uncounted.clear();
  }

  #cutOff(metric: string | undefined, limit: number): void {
    const leftMs = growthPeriodMs - (this.#clock.monotonicMs() - this.#periodStartMs);
    this.#cutOffs.set(metric, { metric, limit, untilMs: this.#clock.nowMs() + leftMs });
  }

  #begin(): void {
    this.#periodStartMs = this.#clock.monotonicMs();
    this.#created = 0;
    this.#uncounted.clear();
    this.#createdOf.clear();
    this.#mostOfOne = 0;
    this.#cutOffs.clear();
    this.isStoreFull = false;
  }
}
