import type { ApiError } from './errors.ts';
import type { Sentence } from './sentence.ts';

/** A stretch of time without data from one target. `toMs` is null while it lasts. */
export interface Gap {
  job: string;
  instance: string;
  fromMs: number;
  toMs: number | null;
  /** Stable code of the reason, for example `SCRAPE_REFUSED`. */
  reason: string;
  message: string;
  /** The message for other languages; absent in what an older version noted. */
  sentence?: Sentence;
  /** Scrapes that brought nothing. */
  missedScrapes: number;
}

/** Samples that were not stored, by reason; only the times that targets give can bring them about. */
export interface RejectedSamples {
  /** Older than the newest sample of their series. */
  outOfOrder: number;
  /** Older than what the store still takes: an hour before its newest sample, or in a block. */
  tooOld: number;
  /** More than ten minutes in the future. */
  tooNew: number;
  /** Same time as the newest sample of their series, other value. */
  duplicates: number;
  /** Lines whose series had a value earlier in the same answer; the first one counts. */
  duplicateLines: number;
}

/** How one scrape ended. */
export interface ScrapeOutcome {
  atMs: number;
  isUp: boolean;
  durationMs: number;
}

/** One scraped address. */
export interface Target {
  job: string;
  instance: string;
  url: string;
  labels: Record<string, string>;
  /** `absent`: something optional, such as a node exporter, that has never answered. */
  state: 'unknown' | 'up' | 'down' | 'absent';
  lastScrapeMs: number | null;
  lastDurationMs: number | null;
  /** Samples of the last successful scrape. */
  lastSamples: number | null;
  /** Samples of the last successful scrape that were not stored: by drop rules, or cut off. */
  lastDropped: number | null;
  /** What was not stored since collecting began. */
  rejected: RejectedSamples;
  /** How the newest scrapes ended, oldest first, at most 60. */
  recent: ScrapeOutcome[];
  lastError: ApiError | null;
  /** The newest gaps, newest first, at most 10. */
  gaps: Gap[];
}

/** Answer of `GET /api/v1/targets`. */
export interface TargetList {
  targets: Target[];
}
