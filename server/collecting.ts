import type { Logger } from '../lib/runtime/index.ts';
import {
  Collector,
  type CollectorOptions,
  type CollectSettings,
  type GapLedger,
  ScrapeTally,
  type TargetSet,
} from './collect/index.ts';

/** Who collected before this node, and up to when its data is known to reach. */
export interface Predecessor {
  host: string;
  untilMs: number;
}

/** The scrape loops of this node: they exist only while it collects. */
export class Collecting {
  readonly #options: CollectorOptions & { ledger: GapLedger; logger: Logger; hostName: string };
  /** What all scrapes of this node came to, whoever collected in between. */
  readonly tally = new ScrapeTally();
  #collector: Collector | undefined;

  constructor(options: CollectorOptions & { ledger: GapLedger; logger: Logger; hostName: string }) {
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
          message: `Collecting moved from ${predecessor.host} to ${hostName}.`,
        },
      );
    }
    this.#collector = new Collector({ ...this.#options, tally: this.tally });
    this.#collector.start(targets, settings);
  }

  apply(targets: TargetSet, settings: CollectSettings): void {
    this.#collector?.applySettings(settings);
    this.#collector?.applyTargets(targets);
  }

  /** Ends all scrapes; series stay open, because another node or a later run goes on with them. */
  async end(): Promise<void> {
    const collector = this.#collector;
    this.#collector = undefined;
    await collector?.stop();
  }
}
