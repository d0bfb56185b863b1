import { setImmediate as immediate } from 'node:timers/promises';
import { say, toldAs, type Cardinality, type Problem, type Target } from '../../api/index.ts';
import type { Clock, Logger } from '../../lib/runtime/index.ts';
import type { CollectSettings } from './collect-settings.ts';
import type { BodyFetcher } from './fetch/index.ts';
import type { GapLedger, GapReason } from './gaps/index.ts';
import { growthProblems, seriesLimitProblem } from './growth-problems.ts';
import type { YieldTurn } from './ingest/index.ts';
import {
  keptMargin,
  maxKeptBytes,
  recentGaps,
  reportedLabels,
  reportedMetrics,
  tickToleranceMs,
} from './limits.ts';
import type { MetadataBook } from './metadata/index.ts';
import type { SampleStore } from './sample-store.ts';
import {
  ScrapeLoop,
  type LoopEnvironment,
  type LoopStatus,
  type ScrapeTally,
} from './scrape/index.ts';
import { MemoryBudget, ScrapeSlots } from './slots/index.ts';
import { targetProblems } from './target-problems.ts';
import { storedLabels, targetKey, targetUrl, type ScrapeTarget } from './target.ts';
import type { TargetSet } from './targets/index.ts';

export interface CollectorOptions {
  clock: Clock;
  logger: Logger;
  store: SampleStore;
  ledger: GapLedger;
  /** A `ScrapeClient`; its owner closes it after {@link Collector.stop}. */
  fetcher: BodyFetcher;
  /** Gets what targets say about their metrics; its owner closes it after {@link Collector.stop}. */
  metadata?: Pick<MetadataBook, 'note'>;
  /** Counts scrapes beyond the life of this collector. */
  tally?: ScrapeTally;
  /** What is kept of all targets between scrapes; tests have less. */
  memory?: MemoryBudget;
  /** Gives other work a turn; tests replace it. */
  yieldTurn?: YieldTurn;
}

/** Numbers about collecting. */
export interface CollectorSummary {
  /** Targets that answered their last scrape, and all that should; absent ones are left out. */
  up: number;
  total: number;
  /** Time of the newest sample that was stored in this run. */
  newestSampleMs: number | undefined;
  scrapes: number;
  failures: number;
  duplicateLines: number;
  rejectedSamples: number;
}

/** Scrapes a changing set of targets into the store and knows how each of them does. */
export class Collector {
  readonly #env: LoopEnvironment;
  readonly #loops = new Map<string, ScrapeLoop>();
  /** Loops of removed targets that still store the end of their series. */
  readonly #leaving = new Map<string, Promise<void>>();
  #targets: TargetSet = { targets: [], problems: [] };
  #settings: CollectSettings | undefined;

  constructor(options: CollectorOptions) {
    this.#env = {
      clock: options.clock,
      logger: options.logger,
      store: options.store,
      ledger: options.ledger,
      fetcher: options.fetcher,
      slots: new ScrapeSlots(options.store),
      memory: options.memory ?? new MemoryBudget(maxKeptBytes, keptMargin),
      metadata: options.metadata,
      tally: options.tally,
      yieldTurn: options.yieldTurn ?? (() => immediate()),
    };
  }

  /** Begins to scrape, every target at once. */
  start(targets: TargetSet, settings: CollectSettings): void {
    const newestMs = this.#env.store.newestSampleMs();
    if (newestMs !== undefined) this.#env.ledger.noteEarlierData(newestMs);
    this.#settings = settings;
    this.applyTargets(targets);
  }

  /** Obeys new settings from the next tick on. */
  applySettings(settings: CollectSettings): void {
    this.#settings = settings;
    for (const loop of this.#loops.values()) loop.apply(settings);
  }

  /** Goes on with what stayed the same, ends what is gone, begins what is new. */
  applyTargets(next: TargetSet): void {
    const settings = this.#settings;
    if (settings === undefined) return;
    this.#targets = next;
    const wanted = new Map(next.targets.map((target) => [targetKey(target), target]));
    const nodes = new Set(next.targets.map(({ node }) => node));
    const changed = new Map<string, ScrapeLoop>();
    for (const [key, loop] of this.#loops) {
      const target = wanted.get(key);
      if (target !== undefined && isSame(target, loop.target)) wanted.delete(key);
      else if (target === undefined) {
        const { node } = loop.target;
        const hasLeft = node !== undefined && !nodes.has(node);
        this.#leave(key, loop.remove(hasLeft ? nodeGoneReason : removedReason));
      } else {
        changed.set(key, loop);
        this.#leave(key, loop.retire());
      }
    }
    for (const [key, target] of wanted) {
      const loop = new ScrapeLoop(target, settings, this.#env, changed.get(key));
      this.#loops.set(key, loop);
      // What a changed target still has to store comes before what it stores next.
      loop.start(this.#leaving.get(key));
    }
  }

  /** Stops all scrapes; series stay open, because collecting is to go on one day. */
  async stop(): Promise<void> {
    this.#settings = undefined;
    const loops = [...this.#loops.values()];
    await Promise.all(loops.map((loop) => loop.stop()));
    await Promise.all(this.#leaving.values());
  }

  /**
   * The time before which no sample comes in any more, targets that give times of their own aside:
   * scrapes under way are stored with the time of their beginning.
   */
  settledMs(): number {
    const pending = [...this.#loops.values()].flatMap(({ pendingMs }) => pendingMs ?? []);
    // A tick may be due already whose timer has not fired yet.
    return Math.min(...pending, this.#env.clock.nowMs() - tickToleranceMs);
  }

  /** Every target with its state and newest gaps. */
  targets(): Target[] {
    const loops = [...this.#loops.values()].filter((loop) => !isUnheardOf(loop));
    return loops.map((loop) => this.#describe(loop));
  }

  /** The state of every target by its key: what {@link targets} tells, without its cost. */
  states(): [key: string, state: Target['state']][] {
    return [...this.#loops].map(([key, { status }]) => [key, status.state]);
  }

  /** What keeps data from being collected, with what to do about it. */
  problems(): Problem[] {
    const problems = [...this.#targets.problems];
    const known = new Set(problems.map(({ code }) => code));
    const failed = [...this.#loops.values()].flatMap(({ target, status }) => {
      const { lastError: error, state } = status;
      const isTold = error === undefined || known.has(error.code);
      return state !== 'down' || isTold ? [] : [{ target, error }];
    });
    problems.push(...targetProblems(failed));
    problems.push(...this.#growthProblems());
    const ledgerProblem = this.#env.ledger.problem();
    if (ledgerProblem !== undefined) problems.push(ledgerProblem);
    return problems;
  }

  /** What the store's series are made of, and what grows too fast. */
  cardinality(): Cardinality {
    const { store } = this.#env;
    return {
      series: store.seriesCount,
      maxSeries: store.maxSeries,
      metrics: store.topMetrics(reportedMetrics),
      labels: store.topLabels(reportedLabels),
      targets: [...this.#loops.values()].map(({ target, growth, status }) => ({
        job: target.job,
        instance: target.instance,
        newSeries: growth.created,
        droppedSamples: status.lastDropped ?? null,
        cutOffs: growth.cutOffs.map(({ metric, ...cutOff }) => ({
          metric: metric ?? null,
          ...cutOff,
        })),
      })),
    };
  }

  summary(): CollectorSummary {
    const statuses = [...this.#loops.values()].map(({ status }) => status);
    const expected = statuses.filter(({ state }) => state !== 'absent');
    const newest = statuses.flatMap(({ newestSampleMs }) => newestSampleMs ?? []);
    const sum = (pick: (status: LoopStatus) => number) =>
      statuses.reduce((total, status) => total + pick(status), 0);
    return {
      up: expected.filter(({ state }) => state === 'up').length,
      total: expected.length,
      newestSampleMs: newest.length === 0 ? undefined : Math.max(...newest),
      scrapes: sum(({ scrapes }) => scrapes),
      failures: sum(({ failures }) => failures),
      duplicateLines: sum(({ duplicateLines }) => duplicateLines),
      rejectedSamples: sum(({ rejected: { outOfOrder, tooOld, tooNew, duplicates } }) => {
        return outOfOrder + tooOld + tooNew + duplicates;
      }),
    };
  }

  #growthProblems(): Problem[] {
    const loops = [...this.#loops.values()];
    const cut = loops.flatMap(({ target, growth }) =>
      growth.cutOffs.map((cutOff) => ({ target, cutOff })),
    );
    const problems = growthProblems(cut);
    if (loops.some(({ growth }) => growth.isStoreFull)) {
      problems.push(seriesLimitProblem(this.#env.store.maxSeries));
    }
    return problems;
  }

  /** Drops the loop of `key`, which is `ending`. */
  #leave(key: string, ending: Promise<void>): void {
    this.#loops.delete(key);
    const before = this.#leaving.get(key) ?? Promise.resolve();
    const leaving = Promise.all([before, ending]).then(() => {
      if (this.#leaving.get(key) === leaving) this.#leaving.delete(key);
    });
    this.#leaving.set(key, leaving);
  }

  #describe({ target, status, recent }: ScrapeLoop): Target {
    const { state, lastError } = status;
    return {
      job: target.job,
      instance: target.instance,
      url: targetUrl(target),
      labels: storedLabels(target),
      state,
      lastScrapeMs: status.lastScrapeMs ?? null,
      lastDurationMs: status.lastDurationMs ?? null,
      lastSamples: status.lastSamples ?? null,
      lastDropped: status.lastDropped ?? null,
      rejected: { ...status.rejected, duplicateLines: status.duplicateLines },
      recent: recent.list(),
      lastError:
        lastError === undefined
          ? null
          : { code: lastError.code, ...toldAs(lastError.sentence), detail: '' },
      gaps: this.#env.ledger.recent(target, recentGaps),
    };
  }
}

/** A plugin that serves no metrics, as most: nobody wants to read that of each on every node. */
function isUnheardOf({ target, status }: ScrapeLoop): boolean {
  return target.mayBeMissing === true && (status.state === 'absent' || status.state === 'unknown');
}

const nodeGoneReason: GapReason = {
  code: 'NODE_GONE',
  sentence: say('gap.node-gone'),
};
const removedReason: GapReason = {
  code: 'TARGET_REMOVED',
  sentence: say('gap.removed'),
};

function isSame(a: ScrapeTarget, b: ScrapeTarget): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical(target: ScrapeTarget): unknown {
  const { host, port, path, scheme, serverName, intervalMs, timeoutMs, access, blocked } = target;
  const labels = Object.entries(storedLabels(target)).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...[host, port, path, scheme, serverName, intervalMs, timeoutMs, labels],
    ...[access?.authorization, access?.ca, blocked?.code, blocked?.sentence],
    ...[target.isOptional, target.mayBeMissing, target.isForeign],
  ];
}
