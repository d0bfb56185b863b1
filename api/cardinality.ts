/** Answer of `GET /api/v1/cardinality`: what the series of the store's newest hours are made of. */
export interface Cardinality {
  /** Series in memory, and the most that there may be. */
  series: number;
  maxSeries: number;
  /** The metrics with the most series, largest first, at most 20. */
  metrics: { name: string; series: number }[];
  /** The label names with the most series, largest first, at most 20, and how many values each has. */
  labels: { name: string; series: number; values: number }[];
  targets: TargetGrowth[];
}

/** What is new of one target. */
export interface TargetGrowth {
  job: string;
  instance: string;
  /** New series within the hour that is running. */
  newSeries: number;
  /** Samples of the last answer that were not stored: by drop rules or because they are cut off. */
  droppedSamples: number | null;
  /** What brings more new series than allowed; new ones of it are not stored for the time being. */
  cutOffs: SeriesCutOff[];
}

export interface SeriesCutOff {
  /** The metric; null when the target as a whole is cut off. */
  metric: string | null;
  /** How many new series were allowed within an hour. */
  limit: number;
  /** When new series are taken again. */
  untilMs: number;
}
