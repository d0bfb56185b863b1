import { maxRecentScrapes } from '../limits.ts';

/** How one scrape ended. */
export interface ScrapeOutcome {
  atMs: number;
  isUp: boolean;
  durationMs: number;
}

/** The newest scrapes of one target: enough for a small picture, and never more. */
export class RecentScrapes {
  readonly #ring: ScrapeOutcome[] = [];
  #next = 0;

  note(outcome: ScrapeOutcome): void {
    this.#ring[this.#next] = outcome;
    this.#next = (this.#next + 1) % maxRecentScrapes;
  }

  /** Oldest first. */
  list(): ScrapeOutcome[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
  }
}
