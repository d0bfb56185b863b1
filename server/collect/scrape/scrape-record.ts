import { inEnglish, type KnownSentence } from '../../../api/index.ts';
import type { Clock, Logger } from '../../../lib/runtime/index.ts';
import type { GapLedger } from '../gaps/index.ts';
import type { IngestResult, ScrapeTime } from '../ingest/index.ts';
import { targetKey, targetUrl, type ScrapeTarget } from '../target.ts';
import { RecentScrapes } from './recent-scrapes.ts';
import type { ScrapeTally } from './scrape-tally.ts';

/** Samples that the store did not take, by reason. */
export interface RejectedSamples {
  /** Older than the newest sample of their series. */
  outOfOrder: number;
  /** Older than anything that the store still takes. */
  tooOld: number;
  /** Further in the future than the store takes. */
  tooNew: number;
  /** Same time as the newest sample of their series, other value. */
  duplicates: number;
}

/** Where a target stands. */
export interface LoopStatus {
  /** `absent`: an optional target that has never answered. */
  state: 'unknown' | 'up' | 'down' | 'absent';
  lastScrapeMs: number | undefined;
  lastDurationMs: number | undefined;
  /** Samples of the last good scrape. */
  lastSamples: number | undefined;
  lastError: Failure | undefined;
  /** Time of the newest stored sample. */
  newestSampleMs: number | undefined;
  scrapes: number;
  failures: number;
  /** Lines whose series had a value earlier in the same body, since the start. */
  duplicateLines: number;
  /** Samples of the last good scrape that were not wanted: by drop rules, or cut off. */
  lastDropped: number | undefined;
  /** Samples that the store did not take, since the start. */
  rejected: RejectedSamples;
}

/** What it looks like when nothing listens, and when a server has no such page. */
const silentCodes = new Set(['SCRAPE_REFUSED', 'SCRAPE_UNREACHABLE']);
const missingCodes = new Set(['SCRAPE_HTTP_404', 'SCRAPE_HTTP_501']);

/** Why a scrape brought nothing; a {@link ScrapeError} is one. */
interface Failure {
  code: string;
  sentence: KnownSentence;
}

/** Whom the end of a scrape concerns. */
interface RecordEnvironment {
  clock: Clock;
  logger: Logger;
  ledger: GapLedger;
  tally?: ScrapeTally | undefined;
}

/** How the scrapes of one target ended: tells it to all who keep count, once each. */
export class ScrapeRecord {
  readonly #target: ScrapeTarget;
  readonly #env: RecordEnvironment;
  /** The newest scrapes; the time that nobody listens does not count. */
  readonly recent = new RecentScrapes();
  readonly status: LoopStatus = {
    state: 'unknown',
    lastScrapeMs: undefined,
    lastDurationMs: undefined,
    lastSamples: undefined,
    lastError: undefined,
    newestSampleMs: undefined,
    scrapes: 0,
    failures: 0,
    duplicateLines: 0,
    lastDropped: undefined,
    rejected: { outOfOrder: 0, tooOld: 0, tooNew: 0, duplicates: 0 },
  };

  constructor(target: ScrapeTarget, environment: RecordEnvironment) {
    this.#target = target;
    this.#env = environment;
  }

  /** An optional target that never answered and still does not listen. */
  isAbsence(failure: Failure): boolean {
    const { mayBeMissing = false } = this.#target;
    const isSilent =
      silentCodes.has(failure.code) || (mayBeMissing && missingCodes.has(failure.code));
    // Not by its state: a machine that was slow for a moment makes it late, and not there later on.
    const hasAnswered = this.status.lastSamples !== undefined;
    return this.#target.isOptional && isSilent && !hasAnswered;
  }

  noteAbsent(failure: Failure): void {
    const nowMs = this.#env.clock.nowMs();
    if (this.status.state === 'down') this.#env.ledger.forget(this.#target, nowMs);
    this.status.state = 'absent';
    this.status.lastScrapeMs = nowMs;
    this.status.lastError = { code: 'TARGET_ABSENT', sentence: failure.sentence };
  }

  noteUp(time: ScrapeTime, result: IngestResult, intervalMs: number): void {
    const status = this.status;
    if (status.state !== 'up') {
      this.#env.logger.info('Target is up', {
        target: targetKey(this.#target),
        samples: result.samples,
      });
    }
    status.state = 'up';
    status.scrapes++;
    status.lastScrapeMs = time.timeMs;
    status.lastDurationMs = result.durationMs;
    status.lastSamples = result.samples;
    status.lastError = undefined;
    status.newestSampleMs = time.timeMs;
    status.duplicateLines += result.duplicates;
    status.lastDropped = result.dropped;
    const { outOfOrder, tooOld, tooNew = 0, duplicates } = result.counts;
    const rejected = { outOfOrder, tooOld, tooNew, duplicates, duplicateLines: result.duplicates };
    this.#env.tally?.noteGood(result.samples, rejected);
    status.rejected.outOfOrder += outOfOrder;
    status.rejected.tooOld += tooOld;
    status.rejected.tooNew += tooNew;
    status.rejected.duplicates += duplicates;
    this.recent.note({ atMs: time.timeMs, isUp: true, durationMs: result.durationMs });
    this.#env.ledger.succeeded(this.#target, time.timeMs, intervalMs);
  }

  noteFailed(time: ScrapeTime, failure: Failure, intervalMs: number): void {
    const status = this.status;
    const { clock, ledger, logger } = this.#env;
    const { code, sentence } = failure;
    if (status.lastError?.code !== code) {
      const url = targetUrl(this.#target);
      logger.warn('Scrape failed', {
        target: targetKey(this.#target),
        url,
        code,
        message: inEnglish(sentence),
      });
    }
    status.state = 'down';
    status.scrapes++;
    status.failures++;
    this.#env.tally?.noteFailed(code);
    status.lastScrapeMs = time.timeMs;
    const durationMs = clock.monotonicMs() - time.startedMs;
    status.lastDurationMs = durationMs;
    this.recent.note({ atMs: time.timeMs, isUp: false, durationMs });
    status.lastError = { code, sentence };
    ledger.missed(this.#target, time.timeMs, intervalMs, { code, sentence });
  }
}
