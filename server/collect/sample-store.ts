import type { Labels, SampleBatch, SeriesVariants } from '../../lib/tsdb/index.ts';

/** What became of the samples of one batch. */
export interface CommitCounts {
  /** Stored, or already there with the same time and value. */
  appended: number;
  /** Older than the newest sample of their series. */
  outOfOrder: number;
  /** Same time as the newest sample of their series, other value. */
  duplicates: number;
  /** Older than the store still takes. */
  tooOld: number;
  /** Further in the future than the store takes. */
  tooNew?: number;
}

/** What collecting needs of the store; `Store` of lib/tsdb provides it. */
export interface SampleStore {
  /** Reference of a series, made if needed. Throws `TSDB_SERIES_LIMIT` or `TSDB_BAD_LABELS`. */
  seriesRef(labels: Labels): number;
  /**
   * Reference of the series that is as that of `ref` but for the value of its label `name`, made if
   * needed; undefined when it cannot be had so.
   */
  variantRef(ref: number, name: string, value: string): number | undefined;
  /** As {@link variantRef}, of many; returns how many were made. */
  variantRefs(variants: SeriesVariants): number;
  /** Metric name of a series that is in use: the same string each time. */
  metricOf(ref: number): string;
  /** Reference of a series that exists. */
  findSeries(labels: Labels): number | undefined;
  /** Series in memory: tells whether {@link seriesRef} made one. */
  readonly seriesCount: number;
  /** Most series that there may be. */
  readonly maxSeries: number;
  /** The metrics, and the label names, with the most series; largest first. */
  topMetrics(limit: number): { name: string; series: number }[];
  topLabels(limit: number): { name: string; series: number; values: number }[];
  /** Whether a reference may still be used; references are never given out twice. */
  isLive(ref: number): boolean;
  /** Time of the newest sample in the store. */
  newestSampleMs(): number | undefined;
  newBatch(): SampleBatch;
  /** Stores all samples of the batch or, when it rejects, none. */
  commit(batch: SampleBatch): Promise<CommitCounts>;
}
