import { say } from '../../../api/index.ts';
import { sleep, type Clock, type Logger } from '../../../lib/runtime/index.ts';
import type { CollectSettings } from '../collect-settings.ts';
import { BlockedScrape, ScrapeError } from '../errors.ts';
import type { BodyFetcher } from '../fetch/index.ts';
import type { GapLedger, GapReason } from '../gaps/index.ts';
import {
  SeriesGrowth,
  storeError,
  TargetSeries,
  type ScrapeTime,
  type YieldTurn,
} from '../ingest/index.ts';
import { absentProbeMs, timeoutShare } from '../limits.ts';
import type { MetadataBook } from '../metadata/index.ts';
import type { SampleStore } from '../sample-store.ts';
import type { MemoryBudget, ScrapeSlot, ScrapeSlots } from '../slots/index.ts';
import { targetKey, type ScrapeTarget } from '../target.ts';
import type { RecentScrapes } from './recent-scrapes.ts';
import { ScrapeRecord, type LoopStatus } from './scrape-record.ts';
import type { ScrapeTally } from './scrape-tally.ts';
import { alignedTimeMs, nextTickMs, tickOffsetMs } from './ticks.ts';

/** What all loops share. */
export interface LoopEnvironment {
  clock: Clock;
  logger: Logger;
  store: SampleStore;
  ledger: GapLedger;
  fetcher: BodyFetcher;
  slots: ScrapeSlots;
  /** What is kept between scrapes. */
  memory: MemoryBudget;
  yieldTurn: YieldTurn;
  metadata: Pick<MetadataBook, 'note'> | undefined;
  tally?: ScrapeTally | undefined;
}

/** Scrapes one target: at once, then at every tick. At most one scrape is under way. */
export class ScrapeLoop {
  readonly target: ScrapeTarget;
  readonly #env: LoopEnvironment;
  readonly #stop = new AbortController();
  #settings: CollectSettings;
  /** How the scrapes ended, and where the target stands. */
  readonly #record: ScrapeRecord;
  /** What is new of the target, and what of that is too much. */
  readonly growth: SeriesGrowth;
  #series: TargetSeries;
  #wake = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #lastTickMs = -Infinity;
  #pendingMs: number | undefined;
  /** When the last scrape took place, by both clocks. */
  #last: { timeMs: number; monotonicMs: number } | undefined;
  /** Newest sample of the target in the form it had before. */
  readonly #newestBeforeMs: number | undefined;

  /** `before` is the retired loop of the same target in another form; its series go on. */
  constructor(
    target: ScrapeTarget,
    settings: CollectSettings,
    environment: LoopEnvironment,
    before?: ScrapeLoop,
  ) {
    this.target = target;
    this.#env = environment;
    this.#record = new ScrapeRecord(target, environment);
    this.#settings = settings;
    this.growth = new SeriesGrowth(environment.clock, environment.store);
    this.#series = this.#newSeries(before?.series);
    this.#newestBeforeMs = before?.newestSampleMs;
  }

  get series(): TargetSeries {
    return this.#series;
  }

  /** Time of the newest sample that was stored; undefined when there is none. */
  get newestSampleMs(): number | undefined {
    return this.status.newestSampleMs ?? this.#newestBeforeMs;
  }

  get status(): Readonly<LoopStatus> {
    return this.#record.status;
  }

  /** How the newest scrapes ended; the time that nobody listens does not count. */
  get recent(): RecentScrapes {
    return this.#record.recent;
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
    if (isReworked) this.#series = this.#newSeries(this.#series);
    else this.#series.apply(settings);
    this.#wake.abort();
  }

  #newSeries(predecessor?: TargetSeries): TargetSeries {
    const { growth } = this;
    return new TargetSeries(this.target, this.#settings, { ...this.#env, growth, predecessor });
  }

  /** Stops for good and leaves the series open: they go on when the plugin comes back. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
  }

  /** Stops for good because the target goes on in another form, whose loop takes over the series. */
  async retire(): Promise<void> {
    await this.stop();
    this.#env.ledger.forget(this.target, this.#env.clock.nowMs());
  }

  /** Stops for good and stores the end of every series. `gone` says why the target is missing from now on. */
  async remove(gone: GapReason): Promise<void> {
    await this.stop();
    const { ledger, clock, slots } = this.#env;
    const wasThere = this.status.state === 'up' || this.status.state === 'down';
    if (wasThere) ledger.gone(this.target, clock.nowMs(), gone);
    else ledger.forget(this.target, clock.nowMs());
    await slots.use((slot) => this.#end(slot));
    this.#series.release();
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
      this.status.state === 'absent' ? Math.max(rhythmMs, absentProbeMs) : rhythmMs;
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
        await this.#scrape(slot, time);
      }, this.status.state === 'down');
    } catch (error) {
      // Only a defect of ours comes here; the target counts as down and the loop goes on.
      this.#env.logger.error('Scrape loop failed', {
        code: 'SCRAPE_FAILED',
        target: targetKey(this.target),
        error: error instanceof Error ? error : String(error),
      });
      const failure = new ScrapeError('SCRAPE_FAILED', say('scrape.defect'));
      this.#record.noteFailed(time, failure, this.#intervalMs());
    } finally {
      this.#pendingMs = undefined;
    }
  }

  async #scrape(slot: ScrapeSlot, time: ScrapeTime): Promise<void> {
    const stopSignal = this.#stop.signal;
    try {
      this.#checkClock(time);
      await this.#fetch(slot);
      const result = await this.#env.slots.parsing.pass((lane) => {
        slot.body.fix();
        return this.#series.ingest(slot, time, stopSignal, lane);
      });
      this.#record.noteUp(time, result, this.#intervalMs());
    } catch (error) {
      // A scrape that was cut off because we stop says nothing about the target.
      if (this.#isStopped()) return;
      const failure = this.#discreet(storeError(error));
      if (this.#record.isAbsence(failure)) {
        this.#record.noteAbsent(failure);
        await this.#end(slot);
        return;
      }
      this.#record.noteFailed(time, failure, this.#intervalMs());
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
    const newestMs = this.status.newestSampleMs ?? -Infinity;
    if (time.timeMs <= newestMs) {
      throw new ScrapeError('SCRAPE_CLOCK_BACKWARDS', say('scrape.clock-back'));
    }
    this.#last = { timeMs: time.timeMs, monotonicMs: time.startedMs };
    if (last === undefined || this.status.state !== 'up') return;
    const intervalMs = this.#intervalMs();
    const awayMs = time.timeMs - last.timeMs;
    const missed = Math.round(awayMs / intervalMs) - 1;
    if (missed < 1) return;
    const isStep = awayMs - (time.startedMs - last.monotonicMs) > intervalMs / 2;
    this.#env.ledger.skipped(this.target, last.timeMs, time.timeMs, missed, {
      code: isStep ? 'CLOCK_FORWARDS' : 'SCRAPE_LATE',
      sentence: say(isStep ? 'gap.clock-forwards' : 'gap.late'),
    });
  }

  /** What a target answered is shown to nobody who could have chosen to ask anything at all. */
  #discreet(failure: ScrapeError): ScrapeError {
    if (this.target.isForeign !== true || failure.code !== 'SCRAPE_PARSE') return failure;
    return new ScrapeError('SCRAPE_PARSE', say('scrape.unreadable'));
  }

  /** Stores `up 0` and the end of the series; that may fail for the reason the scrape did. */
  async #storeFailure(slot: ScrapeSlot, time: ScrapeTime): Promise<void> {
    try {
      await this.#env.slots.parsing.pass(() => this.#series.fail(slot, time));
      this.#record.status.newestSampleMs = time.timeMs;
    } catch (error) {
      this.#env.logger.debug('The end of the series could not be stored', {
        code: 'SERIES_END_NOT_STORED',
        target: targetKey(this.target),
        error: storeError(error),
      });
    }
  }

  /** Ends series right behind their last sample, so that it cannot hit what comes after them. */
  async #end(slot: ScrapeSlot): Promise<void> {
    const newestMs = this.newestSampleMs;
    if (newestMs === undefined) return;
    try {
      await this.#series.end(slot, newestMs + 1);
    } catch (error) {
      this.#env.logger.warn('The end of the series could not be stored', {
        code: 'SERIES_END_NOT_STORED',
        target: targetKey(this.target),
        error: storeError(error),
      });
    }
  }
}
