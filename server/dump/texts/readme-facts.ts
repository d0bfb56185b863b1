import type { DumpFilter, DumpRedaction } from '../../../api/index.ts';
import type { TimeRange } from '../selection/index.ts';

/** What a dump's `README.md` tells about it. */
export interface ReadmeFacts {
  serverName: string;
  /** Times of the first and the last sample. */
  actual: TimeRange;
  /** Longest time between two samples of a series, as a rule. */
  scrapeIntervalSeconds: number;
  filtered: DumpFilter | null;
  thinned: { stepSeconds: number } | null;
  redacted: DumpRedaction;
  warnings: readonly string[];
}
