import { sleep, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { CollectSettings } from './collect-settings.ts';
import { BlockedScrape, ScrapeError } from './errors.ts';
import type { GapLedger, GapReason } from './gap-ledger.ts';
import { absentProbeMs, timeoutShare } from './limits.ts';
import type { MetadataBook } from './metric-metadata.ts';
import { RecentScrapes } from './recent-scrapes.ts';
import type { SampleStore } from './sample-store.ts';
import type { BodyFetcher } from './scrape-http.ts';
import type { ScrapeSlot, ScrapeSlots } from './scrape-slots.ts';
import type { ScrapeTally } from './scrape-tally.ts';
import { SeriesGrowth } from './series-growth.ts';
import { storeError } from './store-errors.ts';
import { targetKey, targetUrl, type ScrapeTarget } from './target.ts';
import {
  TargetSeries,
  type IngestResult,
  type ScrapeTime,
  type YieldTurn,
} from './target-series.ts';
import { alignedTimeMs, nextTickMs, tickOffsetMs } from './ticks.ts';

/** What all loops share. */
export interface LoopEnvironment {
  clock: Clock;
  logger: Logger;
  store: SampleStore;
  ledger: GapLedger;
  fetcher: BodyFetcher;
  slots: ScrapeSlots;
  yieldTurn: YieldTurn;
  metadata: Pick<MetadataBook, 'note'> | undefined;
  tally?: ScrapeTally | undefined;
}

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
  lastError: { code: string; message: string } | undefined;
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

/** Scrapes one target: at once, then at every tick. At most one scrape is under way. */
export class ScrapeLoop {
  readonly target: ScrapeTarget;
  readonly #env: LoopEnvironment;
  readonly #stop = new AbortController();
  #settings: CollectSettings;
  /** How the newest scrapes ended; the time that nobody listens does not count. */
  readonly recent = new RecentScrapes();
  /** What is new of the target, and what of that is too much. */
  readonly growth: SeriesGrowth;
  #series: TargetSeries;
  #wake = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** Series of earlier settings whose end is still to be stored. */
  #outdated: TargetSeries | undefined;
  #lastTickMs = -Infinity;
  #pendingMs: number | undefined;
  /** When the last scrape took place, by both clocks. */
  #last: { timeMs: number; monotonicMs: number } | undefined;
  readonly #status: LoopStatus = {
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

  constructor(target: ScrapeTarget, settings: CollectSettings, environment: LoopEnvironment) {
    this.target = target;
    this.#env = environment;
    this.#settings = settings;
    this.growth = new SeriesGrowth(environment.clock, environment.store);
    this.#series = this.#newSeries();
  }

  get status(): Readonly<LoopStatus> {
    return this.#status;
  }

  /** Time that the samples of a scrape under way will have; undefined when none is. */
  get pendingMs(): number | undefined {
    return this.#pendingMs;
  }

  /** Begins with a scrape at once, or as soon as `predecessor` has ended. */
  start(predecessor: Promise<void> = Promise.resolve()): void {
    this.#running = predecessor.then(() => this.#run());
  }

  /** Takes over new settings; a new interval counts from now on. */
  apply(settings: CollectSettings): void {
    const isReworked = this.#series.needsNewSeries(settings);
    this.#settings = settings;
    if (isReworked) {
      this.#outdated ??= this.#series;
      this.#series = this.#newSeries();
    } else this.#series.apply(settings);
    this.#wake.abort();
  }

  #newSeries(): TargetSeries {
    const { growth } = this;
    return new TargetSeries(this.target, this.#settings, { ...this.#env, growth });
  }

  /** Stops for good and leaves the series open: they go on when the plugin comes back. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
  }

  /**
   * Stops for good and stores the end of every series. `gone` says why the target is missing from
   * now on; undefined when it goes on in another form.
   */
  async remove(gone?: GapReason): Promise<void> {
    await this.stop();
    const { ledger, clock, slots } = this.#env;
    const wasThere = this.#status.state === 'up' || this.#status.state === 'down';
    if (gone !== undefined && wasThere) ledger.gone(this.target, clock.nowMs(), gone);
    else ledger.forget(this.target, clock.nowMs());
    await slots.use(async (slot) => {
      await this.#endOutdated(slot);
      await this.#end(this.#series, slot);
    });
  }

  async #run(): Promise<void> {
    await this.#tick(this.#env.clock.nowMs());
    while (!this.#isStopped()) {
      const tickMs = this.#nextTick();
      const isDue = await this.#sleepUntil(tickMs);
      if (!isDue) continue;
      this.#lastTickMs = tickMs;
      const nowMs = this.#env.clock.nowMs();
      await this.#tick(alignedTimeMs(tickMs, nowMs, this.#intervalMs()));
    }
  }

  #intervalMs(): number {
    return this.target.intervalMs ?? this.#settings.scrapeIntervalMs;
  }

  /** Always below the interval, so that a slow target misses no tick. */
  #timeoutMs(): number {
    const { timeoutMs = this.#settings.scrapeTimeoutMs } = this.target;
    return Math.min(timeoutMs, Math.floor(this.#intervalMs() * timeoutShare));
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #nextTick(): number {
    const nowMs = this.#env.clock.nowMs();
    const rhythmMs = this.#intervalMs();
    const intervalMs =
      this.#status.state === 'absent' ? Math.max(rhythmMs, absentProbeMs) : rhythmMs;
    // A timer may fire a little early; the same tick must not come twice.
    const isEarly = this.#lastTickMs > nowMs && this.#lastTickMs - nowMs < intervalMs / 2;
    const afterMs = isEarly ? this.#lastTickMs : nowMs;
    const offsetMs = tickOffsetMs(targetKey(this.target), intervalMs);
    return nextTickMs(afterMs, intervalMs, offsetMs);
  }

  /** Sleeps up to a tick; false when it ended early because settings changed or the loop stops. */
  async #sleepUntil(tickMs: number): Promise<boolean> {
    const wake = new AbortController();
    this.#wake = wake;
    const { clock } = this.#env;
    await sleep(clock, Math.max(0, tickMs - clock.nowMs()), wake.signal);
    return !wake.signal.aborted;
  }

  /** One scrape and everything that follows from it; never rejects. */
  async #tick(timeMs: number): Promise<void> {
    const { clock, slots } = this.#env;
    this.#pendingMs = timeMs;
    const time: ScrapeTime = { timeMs, startedMs: clock.monotonicMs() };
    try {
      await slots.use(async (slot) => {
        if (this.#isStopped()) return;
        await this.#endOutdated(slot);
        await this.#scrape(slot, time);
      });
    } catch (error) {
      // Only a defect of ours comes here; the target counts as down and the loop goes on.
      this.#env.logger.error('scrape loop failed', {
        code: 'SCRAPE_FAILED',
        target: targetKey(this.target),
        error: error instanceof Error ? error : String(error),
      });
      this.#setFailed(time, new ScrapeError('SCRAPE_FAILED', 'The scrape failed unexpectedly.'));
    } finally {
      this.#pendingMs = undefined;
    }
  }

  async #scrape(slot: ScrapeSlot, time: ScrapeTime): Promise<void> {
    const stopSignal = this.#stop.signal;
    try {
      this.#checkClock(time);
      await this.#fetch(slot);
      const result = await this.#env.slots.parsing.pass((lane) =>
        this.#series.ingest(slot, time, stopSignal, lane),
      );
      this.#setUp(time, result);
    } catch (error) {
      // A scrape that was cut off because we stop says nothing about the target.
      if (this.#isStopped()) return;
      const failure = this.#discreet(storeError(error));
      if (this.#isAbsence(failure)) {
        this.#setAbsent(failure);
        return;
      }
      this.#setFailed(time, failure);
      if (failure.code !== 'SCRAPE_CLOCK_BACKWARDS') await this.#storeFailure(slot, time);
    }
  }

  async #fetch(slot: ScrapeSlot): Promise<void> {
    const { target } = this;
    if (target.blocked !== undefined) throw new BlockedScrape(target.blocked);
    const { bodySizeLimitBytes } = this.#settings;
    const { host, port, path, scheme, serverName, access, isForeign = false } = target;
    await this.#env.fetcher.fetch({
      ...{ host, port, path, scheme, serverName, access },
      mustBeText: isForeign,
      timeoutMs: this.#timeoutMs(),
      bodyLimitBytes: bodySizeLimitBytes,
      into: slot.body,
      signal: this.#stop.signal,
    });
  }

  /** Refuses times that the store would refuse, and notes ticks that were left out. */
  #checkClock(time: ScrapeTime): void {
    const last = this.#last;
    const newestMs = this.#status.newestSampleMs ?? -Infinity;
    if (time.timeMs <= newestMs) {
      throw new ScrapeError(
        'SCRAPE_CLOCK_BACKWARDS',
        'The clock was set back: there are newer samples already.',
      );
    }
    this.#last = { timeMs: time.timeMs, monotonicMs: time.startedMs };
    if (last === undefined || this.#status.state !== 'up') return;
    const intervalMs = this.#intervalMs();
    const awayMs = time.timeMs - last.timeMs;
    const missed = Math.round(awayMs / intervalMs) - 1;
    if (missed < 1) return;
    const isStep = awayMs - (time.startedMs - last.monotonicMs) > intervalMs / 2;
    this.#env.ledger.skipped(this.target, last.timeMs, time.timeMs, missed, {
      code: isStep ? 'CLOCK_FORWARDS' : 'SCRAPE_LATE',
      message: isStep
        ? 'The clock was set forward.'
        : 'The scrape before took longer than the interval, or the machine was suspended.',
    });
  }

  /** What a target answered is shown to nobody who could have chosen to ask anything at all. */
  #discreet(failure: ScrapeError): ScrapeError {
    if (this.target.isForeign !== true || failure.code !== 'SCRAPE_PARSE') return failure;
    return new ScrapeError('SCRAPE_PARSE', 'The answer cannot be read as metrics.');
  }

  /** An optional target that never answered and still does not listen. */
  #isAbsence(failure: ScrapeError): boolean {
    const { mayBeMissing = false } = this.target;
    const isSilent =
      silentCodes.has(failure.code) || (mayBeMissing && missingCodes.has(failure.code));
    const { state } = this.#status;
    return this.target.isOptional && isSilent && (state === 'unknown' || state === 'absent');
  }

  #setAbsent(failure: ScrapeError): void {
    this.#status.state = 'absent';
    this.#status.lastScrapeMs = this.#env.clock.nowMs();
    this.#status.lastError = { code: 'TARGET_ABSENT', message: failure.message };
  }

  #setUp(time: ScrapeTime, result: IngestResult): void {
    const status = this.#status;
    if (status.state !== 'up') {
      this.#env.logger.info('target is up', {
        target: targetKey(this.target),
        samples: result.samples,
      });
    }
    status.state = 'up';
    status.scrapes++;
    status.lastScrapeMs = time.timeMs;
    status.lastDurationMs = result.durationMs;
    status.lastSamples = result.samples;
    this.#env.tally?.noteGood(result.samples);
    status.lastError = undefined;
    status.newestSampleMs = time.timeMs;
    status.duplicateLines += result.duplicates;
    status.lastDropped = result.dropped;
    const { outOfOrder, tooOld, tooNew = 0, duplicates } = result.counts;
    status.rejected.outOfOrder += outOfOrder;
    status.rejected.tooOld += tooOld;
    status.rejected.tooNew += tooNew;
    status.rejected.duplicates += duplicates;
    this.recent.note({ atMs: time.timeMs, isUp: true, durationMs: result.durationMs });
    this.#env.ledger.succeeded(this.target, time.timeMs, this.#intervalMs());
  }

  #setFailed(time: ScrapeTime, failure: Failure): void {
    const status = this.#status;
    const { clock, ledger, logger } = this.#env;
    const { code, message } = failure;
    if (status.lastError?.code !== code) {
      const url = targetUrl(this.target);
      logger.warn('scrape failed', { target: targetKey(this.target), url, code, message });
    }
    status.state = 'down';
    status.scrapes++;
    status.failures++;
    this.#env.tally?.noteFailed(code);
    status.lastScrapeMs = time.timeMs;
    const durationMs = clock.monotonicMs() - time.startedMs;
    status.lastDurationMs = durationMs;
    this.recent.note({ atMs: time.timeMs, isUp: false, durationMs });
    status.lastError = { code, message };
    ledger.missed(this.target, time.timeMs, this.#intervalMs(), { code, message });
  }

  /** Stores `up 0` and the end of the series; that may fail for the reason the scrape did. */
  async #storeFailure(slot: ScrapeSlot, time: ScrapeTime): Promise<void> {
    try {
      await this.#env.slots.parsing.pass(() => this.#series.fail(slot, time));
      this.#status.newestSampleMs = time.timeMs;
    } catch (error) {
      this.#env.logger.debug('the end of the series could not be stored', {
        code: 'SERIES_END_NOT_STORED',
        target: targetKey(this.target),
        error: storeError(error),
      });
    }
  }

  async #endOutdated(slot: ScrapeSlot): Promise<void> {
    const outdated = this.#outdated;
    this.#outdated = undefined;
    if (outdated !== undefined) await this.#end(outdated, slot);
  }

  /** Ends series right behind their last sample, so that it cannot hit what comes after them. */
  async #end(series: TargetSeries, slot: ScrapeSlot): Promise<void> {
    const newestMs = this.#status.newestSampleMs;
    if (newestMs === undefined) return;
    try {
      await series.end(slot, newestMs + 1);
    } catch (error) {
      this.#env.logger.warn('the end of the series could not be stored', {
        code: 'SERIES_END_NOT_STORED',
        target: targetKey(this.target),
        error: storeError(error),
      });
    }
  }
}

/** What it looks like when nothing listens, and when a server has no such page. */
const silentCodes = new Set(['SCRAPE_REFUSED', 'SCRAPE_UNREACHABLE']);
const missingCodes = new Set(['SCRAPE_HTTP_404', 'SCRAPE_HTTP_501']);

interface Failure {
  code: string;
  message: string;
}
