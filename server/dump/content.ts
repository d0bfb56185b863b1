import type { DumpFilter, DumpRedaction } from '../../api/index.ts';

/** What of the samples of a range a dump holds, and in which form. */
export interface DumpContent {
  /** Series that are asked for; null for all. */
  filter: DumpFilter | null;
  redaction: DumpRedaction;
  /** One sample per series and step of so many seconds; 0 for all. */
  stepSeconds: number;
}

/** Every sample, as it was collected. */
export const wholeContent: DumpContent = { filter: null, redaction: 'none', stepSeconds: 0 };
