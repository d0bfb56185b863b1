import type { ScrapeOutcome, Target } from '../../../../api/index.ts';

/** Scrapes that a picture shows; the server tells as many. */
export const SHOWN_SCRAPES = 60;

/** Targets whose scrapes are remembered; far above what one deployment has. */
const MAX_TARGETS = 1_000;

/**
 * How the newest scrapes of each target ended. The server tells them; a collecting node of an earlier
 * version tells only the last one, and then they are gathered while the page is open.
 */
export class ScrapeHistory {
  readonly #known = new Map<string, ScrapeOutcome[]>();

  /** The targets, each with everything that is known of its scrapes. */
  extend(targets: readonly Target[]): Target[] {
    const present = new Set(targets.map(keyOf));
    for (const key of this.#known.keys()) {
      if (!present.has(key)) {
        this.#known.delete(key);
      }
    }
    return targets.map((target) => {
      const recent = merge(this.#known.get(keyOf(target)) ?? [], told(target));
      if (this.#known.size < MAX_TARGETS || this.#known.has(keyOf(target))) {
        this.#known.set(keyOf(target), recent);
      }
      return { ...target, recent };
    });
  }
}

function keyOf({ job, instance }: Target): string {
  return `${job} ${instance}`;
}

function told({ recent, state, lastScrapeMs, lastDurationMs }: Target): readonly ScrapeOutcome[] {
  if (recent.length > 0 || lastScrapeMs === null || lastDurationMs === null) {
    return recent;
  }
  if (state !== 'up' && state !== 'down') {
    return recent;
  }
  return [{ atMs: lastScrapeMs, isUp: state === 'up', durationMs: lastDurationMs }];
}

function merge(known: readonly ScrapeOutcome[], news: readonly ScrapeOutcome[]): ScrapeOutcome[] {
  const byTime = new Map([...known, ...news].map((outcome) => [outcome.atMs, outcome]));
  return [...byTime.values()].sort((a, b) => a.atMs - b.atMs).slice(-SHOWN_SCRAPES);
}
