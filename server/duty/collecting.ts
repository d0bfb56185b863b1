import { setImmediate as immediate } from 'node:timers/promises';
import { say } from '../../api/index.ts';
import { asError, type Logger } from '../../lib/runtime/index.ts';
import {
  Collector,
  type CollectorOptions,
  type CollectSettings,
  type GapLedger,
  type SampleStore,
  ScrapeTally,
  type TargetSet,
  warmUp,
} from '../collect/index.ts';
import type { Predecessor } from '../membership/index.ts';

/** A store that keeps nothing. */
export interface Rehearsal {
  store: SampleStore;
  close(): Promise<void>;
}

export interface CollectingOptions extends CollectorOptions {
  ledger: GapLedger;
  logger: Logger;
  hostName: string;
  /** Opens what made-up samples go into before real ones come. */
  openRehearsal: () => Promise<Rehearsal>;
}

/** The scrape loops of this node: they exist only while it collects. */
export class Collecting {
  readonly #options: CollectingOptions;
  /** What all scrapes of this node came to, whoever collected in between. */
  readonly tally = new ScrapeTally();
  #collector: Collector | undefined;
  /** Runs once in the life of a process, while the targets of the first scrapes make their answers. */
  #rehearsal: Promise<void> | undefined;
  readonly #rehearsalEnd = new AbortController();

  constructor(options: CollectingOptions) {
    this.#options = options;
  }

  /** The loops; undefined while another node collects. */
  get collector(): Collector | undefined {
    return this.#collector;
  }

  /** Scrapes every target at once, then in its rhythm. */
  begin(targets: TargetSet, settings: CollectSettings, predecessor?: Predecessor): void {
    const { hostName, ledger } = this.#options;
    if (predecessor !== undefined) {
      ledger.takeOver(
        targets.targets.filter(({ isOptional }) => !isOptional),
        predecessor.untilMs,
        {
          code: 'COLLECTOR_CHANGED',
          sentence: say('gap.collector-changed', { before: predecessor.host, after: hostName }),
        },
      );
    }
    this.#collector = new Collector({ ...this.#options, tally: this.tally });
    this.#collector.start(targets, settings);
    this.#rehearsal ??= this.#rehearse(settings);
  }

  apply(targets: TargetSet, settings: CollectSettings): void {
    this.#collector?.applySettings(settings);
    this.#collector?.applyTargets(targets);
  }

  /** Ends all scrapes; series stay open, because another node or a later run goes on with them. */
  async end(): Promise<void> {
    const collector = this.#collector;
    this.#collector = undefined;
    this.#rehearsalEnd.abort();
    await Promise.all([collector?.stop(), this.#rehearsal]);
  }

  /** Never rejects: what made-up samples meet is nobody's problem. */
  async #rehearse(settings: CollectSettings): Promise<void> {
    const { clock, logger, openRehearsal } = this.#options;
    try {
      const rehearsal = await openRehearsal();
      const { store } = rehearsal;
      const { signal } = this.#rehearsalEnd;
      const work = warmUp({ clock, store, settings, signal, yieldTurn: () => immediate() });
      await work.finally(() => rehearsal.close());
    } catch (error) {
      logger.debug('Warming up has ended early', { error: asError(error) });
    }
  }
}
