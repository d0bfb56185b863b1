import type { ApiError } from './errors.ts';

/** A stretch of time without data from one target. `toMs` is null while it lasts. */
export interface Gap {
  job: string;
  instance: string;
  fromMs: number;
  toMs: number | null;
  /** Stable code of the reason, for example `SCRAPE_REFUSED`. */
  reason: string;
  message: string;
  /** Scrapes that brought nothing. */
  missedScrapes: number;
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
  lastError: ApiError | null;
  /** The newest gaps, newest first, at most 10. */
  gaps: Gap[];
}

/** Answer of `GET /api/v1/targets`. */
export interface TargetList {
  targets: Target[];
}
