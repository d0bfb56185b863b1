import { say } from '../../../api/index.ts';
import { formatOf, LineTemplate, type BodySummary } from '../../../lib/exposition/index.ts';
import { codeOf, type Clock } from '../../../lib/runtime/index.ts';
import { metricNameLabel, type SampleBatch } from '../../../lib/tsdb/index.ts';
import type { CollectSettings } from '../collect-settings.ts';
import { ScrapeError } from '../errors.ts';
import {
  firstStepLines,
  longParseMs,
  maxKeptBytes,
  maxStepLines,
  parseSliceMs,
  quickStepMs,
} from '../limits.ts';
import type { MetadataBook } from '../metadata/index.ts';
import type { CommitCounts, SampleStore } from '../sample-store.ts';
import {
  MemoryBudget,
  type MemoryHolder,
  type ParsingLane,
  type ScrapeSlot,
} from '../slots/index.ts';
import { storedLabels, type ScrapeTarget } from '../target.ts';
import { ingestError } from './ingest-errors.ts';
import { SeriesAdmission } from './series-admission.ts';
import { SeriesGrowth } from './series-growth.ts';
import { storeError } from './store-errors.ts';

/** Gives other work a turn of the event loop. */
export type YieldTurn = () => Promise<void>;

/** When a scrape is said to have taken place, and how long it took so far. */
export interface ScrapeTime {
  /** What its samples are stored with. */
  timeMs: number;
  /** Monotonic time at which it began. */
  startedMs: number;
}

/** What the series of a target stand on. */
export interface SeriesEnvironment {
  store: SampleStore;
  clock: Clock;
  yieldTurn: YieldTurn;
  /** Of this target; outlives changes of its settings. */
  growth?: SeriesGrowth;
  /** What is kept between scrapes, of all targets; one by itself has its own. */
  memory?: MemoryBudget | undefined;
  /** Gets what bodies say about their metrics. */
  metadata?: Pick<MetadataBook, 'note'> | undefined;
  /** The same target under earlier settings: of its series, those end that these do not go on with. */
  predecessor?: TargetSeries | undefined;
}

/** What a good scrape brought. */
export interface IngestResult extends BodySummary {
  counts: CommitCounts;
  durationMs: number;
}

/** The series that the scraper itself writes about every scrape, in the order of their columns. */
const reportNames = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;

const nothingRefused = { bodyBytes: Infinity, keptBytes: 0 };

/** The value that ends a series: 7ff00000 00000002. */
const staleLo = 2;
const staleHi = 0x7ff00000;

/**
 * The series of one target on their way into the store. Every scrape is one transaction: a body is
 * stored with its report as a whole or not at all.
 */
export class TargetSeries implements MemoryHolder {
  readonly #store: SampleStore;
  readonly #clock: Clock;
  readonly #yieldTurn: YieldTurn;
  readonly #growth: SeriesGrowth;
  readonly #memory: MemoryBudget;
  readonly #metadata: SeriesEnvironment['metadata'];
  readonly #job: string;
  #settings: CollectSettings;
  #template: LineTemplate;
  readonly #admission: SeriesAdmission;
  #reportRefs: readonly number[] | undefined;
  /** Until something was stored; see {@link SeriesEnvironment}. */
  #predecessor: TargetSeries | undefined;
  /** Series of a template that was given up; until something was stored, too. */
  #orphans: readonly number[] = [];
  /** The last body that there was no memory for, and what it would have taken. */
  #refused = nothingRefused;
  readonly #halves = new Uint32Array(2);
  readonly #number = new Float64Array(this.#halves.buffer);

  constructor(target: ScrapeTarget, settings: CollectSettings, environment: SeriesEnvironment) {
    this.#store = environment.store;
    this.#clock = environment.clock;
    this.#yieldTurn = environment.yieldTurn;
    this.#growth = environment.growth ?? new SeriesGrowth(environment.clock, environment.store);
    this.#growth.limit = settings.metricGrowthLimit;
    this.#memory = environment.memory ?? new MemoryBudget(maxKeptBytes);
    this.#metadata = environment.metadata;
    this.#predecessor = environment.predecessor;
    this.#job = target.job;
    this.#settings = settings;
    this.#template = this.#newTemplate();
    this.#admission = new SeriesAdmission(storedLabels(target), settings, this.#growth);
  }

  /**
   * Whether new settings give the series other labels or times or admit others, so that some of the
   * old ones end.
   */
  needsNewSeries(settings: CollectSettings): boolean {
    return seriesRules(settings) !== seriesRules(this.#settings);
  }

  /** Takes over settings that leave the series as they are. */
  apply(settings: CollectSettings): void {
    this.#settings = settings;
    this.#template.maxSamples = settings.sampleLimit;
    this.#growth.limit = settings.metricGrowthLimit;
  }

  /** Gives up what is kept between scrapes, but for which series have no end yet. */
  evict(): void {
    this.#orphans = [...this.#orphans, ...this.#template.live()];
    this.#template = this.#newTemplate();
  }

  /** Gives its memory back: nothing is scraped any more. */
  release(): void {
    this.#memory.release(this);
    this.#predecessor?.release();
  }

  /**
   * Parses the slot's body and stores it with the report of a good scrape. Throws
   * {@link ScrapeError}; nothing of the body is stored then.
   */
  ingest(
    slot: ScrapeSlot,
    time: ScrapeTime,
    signal: AbortSignal,
    lane?: ParsingLane,
  ): Promise<IngestResult> {
    return this.#usingTemplate(() => this.#ingest(slot, time, signal, lane));
  }

  async #ingest(
    slot: ScrapeSlot,
    time: ScrapeTime,
    signal: AbortSignal,
    lane: ParsingLane | undefined,
  ): Promise<IngestResult> {
    try {
      return await this.#tryIngest(slot, time, signal, lane);
    } catch (error) {
      this.#template.abandon();
      if (codeOf(error) !== 'TSDB_UNKNOWN_SERIES') throw ingestError(error);
    }
    // The store forgot series that had been silent for long: resolve those anew, once.
    this.#forgetDead();
    try {
      return await this.#tryIngest(slot, time, signal, lane);
    } catch (error) {
      this.#template.abandon();
      throw ingestError(error);
    }
  }

  /** Stores the report of a failed scrape, and the end of every series that was alive. */
  fail(slot: ScrapeSlot, time: ScrapeTime): Promise<void> {
    return this.#usingTemplate(async () => {
      try {
        await this.#tryFail(slot, time);
      } catch (error) {
        if (codeOf(error) !== 'TSDB_UNKNOWN_SERIES') throw storeError(error);
        this.#forgetDead();
        await this.#tryFail(slot, time);
      }
    });
  }

  /** Stores the end of every series, the report's included: the target is no longer collected. */
  end(slot: ScrapeSlot, timeMs: number): Promise<void> {
    return this.#usingTemplate(async () => {
      const { batch } = slot;
      batch.clear();
      this.#pushEnds(batch, this.#alive(), timeMs);
      if (batch.count > 0) await this.#store.commit(batch);
      this.#dropOutdated();
      this.#reportRefs = undefined;
      this.#template.reset();
    });
  }

  #newTemplate(): LineTemplate {
    const { honorTimestamps, sampleLimit } = this.#settings;
    return new LineTemplate({ honorTimestamps, maxSamples: sampleLimit });
  }

  /** Nobody takes the template's memory during `work`; what it needs afterwards may be too much. */
  async #usingTemplate<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#memory.fix(this);
    try {
      return await work();
    } finally {
      if (!this.#hold(this.#template.sizeBytes)) this.evict();
    }
  }

  /** A body of the longest that is allowed, with its lines, fits when it is alone. */
  get #aloneBytes(): number {
    return 2 * this.#settings.bodySizeLimitBytes;
  }

  #hold(bytes: number): boolean {
    return this.#memory.hold(this, bytes, this.#aloneBytes);
  }

  /** Parsing is much work for a body that is too much in any case: as long as one that was, or by itself. */
  #checkMemory(body: Uint8Array): void {
    const { bodyBytes, keptBytes } = this.#refused;
    const bytes = body.length < bodyBytes ? body.buffer.byteLength : keptBytes;
    if (!this.#memory.mayHold(this, bytes, this.#aloneBytes)) this.#refuse();
  }

  /** Makes sure of what the parsed body takes until the next one is there; else the template is given up. */
  #claimMemory({ length: bodyBytes }: Uint8Array): void {
    const keptBytes = this.#template.acceptedBytes;
    if (this.#hold(keptBytes)) {
      this.#memory.fix(this);
      this.#refused = nothingRefused;
    } else {
      this.#refused = { bodyBytes, keptBytes };
      this.#refuse();
    }
  }

  #refuse(): never {
    this.evict();
    const { maxBytes: limitBytes } = this.#memory;
    throw new ScrapeError('SCRAPE_MEMORY_LIMIT', say('scrape.too-much-kept', { limitBytes }));
  }

  /** Series without an end yet, the report's and those of earlier settings included. */
  #alive(): number[] {
    return [...this.#template.live(), ...(this.#reportRefs ?? []), ...this.#outdated()];
  }

  /** Series without an end yet that the template does not know. */
  #outdated(): readonly number[] {
    const before = this.#predecessor;
    return before === undefined ? this.#orphans : [...this.#orphans, ...before.#alive()];
  }

  /** Their ends are stored, or they go on. */
  #dropOutdated(): void {
    this.#predecessor?.release();
    this.#predecessor = undefined;
    this.#orphans = [];
  }

  /** Ends each of the series that the batch has no sample of. */
  #pushEnds(batch: SampleBatch, refs: readonly number[], timeMs: number): void {
    const met = new Set(batch.refs.subarray(0, batch.count));
    for (const ref of refs) {
      if (met.has(ref) || !this.#store.isLive(ref)) continue;
      batch.push(ref, staleLo, staleHi, timeMs);
      met.add(ref);
    }
  }

  /** Ends the series of earlier settings, or of a template that was given up, that the batch does not go on with. */
  #pushOutdated(batch: SampleBatch, timeMs: number): void {
    const refs = this.#outdated();
    if (refs.length > 0) this.#pushEnds(batch, refs, timeMs);
  }

  async #tryIngest(
    slot: ScrapeSlot,
    time: ScrapeTime,
    signal: AbortSignal,
    lane: ParsingLane | undefined,
  ): Promise<IngestResult> {
    const { batch, body } = slot;
    this.#checkMemory(body.bytes());
    const template = this.#template;
    if (this.#growth.turnPeriod()) template.forgetDropped();
    // Before the body, which might leave no room for them.
    const reports = this.#reports();
    template.begin(
      body.bytes(),
      this.#admission.resolve,
      formatOf(body.contentType),
      this.#admission,
    );
    await this.#parse(signal, lane);
    this.#claimMemory(body.bytes());
    // The report goes first: whatever the body says about series of that name comes too late.
    batch.clear();
    for (const ref of reports) batch.push(ref, 0, 0, time.timeMs);
    const summary = template.emit(batch, time.timeMs);
    batch.pushEach(summary.vanished, staleLo, staleHi, time.timeMs);
    this.#pushOutdated(batch, time.timeMs);
    const durationMs = this.#clock.monotonicMs() - time.startedMs;
    const { lines, dropped, added } = summary;
    // What comes too late for its series counts as kept, as in Prometheus.
    this.#setReports(batch, [1, durationMs / 1000, lines, lines - dropped, added]);
    const counts = await this.#store.commit(batch);
    if (counts.appended === 0 && counts.outOfOrder + counts.tooOld > 0) {
      throw new ScrapeError('SCRAPE_CLOCK_BACKWARDS', say('scrape.store-ahead'));
    }
    this.#dropOutdated();
    body.adopt(template.accept());
    if (summary.newComments > 0) this.#metadata?.note(this.#job, template.families());
    return { ...summary, counts, durationMs };
  }

  /** Parses in slices, so that nothing else waits for long. */
  async #parse(signal: AbortSignal, lane: ParsingLane | undefined): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    let sliceMs = startMs;
    let stepMs = startMs;
    let lines = firstStepLines;
    while (!this.#template.step(lines)) {
      const nowMs = this.#clock.monotonicMs();
      // Lines that are known take a fiftieth of the time of new ones; looking at the clock costs, too.
      lines = nowMs - stepMs < quickStepMs ? Math.min(2 * lines, maxStepLines) : firstStepLines;
      stepMs = nowMs;
      if (nowMs - sliceMs < parseSliceMs) continue;
      if (sliceMs - startMs > longParseMs) await lane?.stepAside();
      await this.#yieldTurn();
      if (signal.aborted) throw new ScrapeError('SCRAPE_STOPPED', say('scrape.stopped'));
      sliceMs = this.#clock.monotonicMs();
      stepMs = sliceMs;
    }
  }

  async #tryFail(slot: ScrapeSlot, time: ScrapeTime): Promise<void> {
    const { batch } = slot;
    batch.clear();
    for (const ref of this.#reports()) batch.push(ref, 0, 0, time.timeMs);
    batch.pushEach(this.#template.live(), staleLo, staleHi, time.timeMs);
    this.#pushOutdated(batch, time.timeMs);
    const durationMs = this.#clock.monotonicMs() - time.startedMs;
    this.#setReports(batch, [0, durationMs / 1000, 0, 0, 0]);
    await this.#store.commit(batch);
    this.#dropOutdated();
    this.#template.markStale();
  }

  /** References of the report series. */
  #reports(): readonly number[] {
    this.#reportRefs ??= reportNames.map((name) =>
      this.#store.seriesRef(this.#admission.merge([metricNameLabel, name])),
    );
    return this.#reportRefs;
  }

  /** Sets the values of the report, which stands at the beginning of the batch. */
  #setReports(batch: SampleBatch, values: readonly number[]): void {
    for (const [at, value] of values.entries()) {
      this.#number[0] = value;
      batch.lo[at] = this.#halves[0] ?? 0;
      batch.hi[at] = this.#halves[1] ?? 0;
    }
  }

  #forgetDead(): void {
    this.#template.forget((ref) => !this.#store.isLive(ref));
    this.#reportRefs = undefined;
  }
}

/** The settings that decide which series there are, as one text. */
function seriesRules(settings: CollectSettings): string {
  const { honorLabels, honorTimestamps, dropRules } = settings;
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = settings;
  return JSON.stringify([
    ...[honorLabels, honorTimestamps, dropRules],
    ...[labelLimit, labelNameLengthLimit, labelValueLengthLimit],
  ]);
}
