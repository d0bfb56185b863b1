import {
  consolePages,
  makeProblem,
  say,
  type Cardinality,
  type Gap,
  type Problem,
  type Target,
} from '../../api/index.ts';
import { asError, codeOf, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { CollectedFacts } from '../dump/index.ts';
import type { NodeStatus } from '../status.ts';
import { answers, type StateAsk } from './collector-state.ts';
import { Question } from './question.ts';

/**
 * Silent for so long after the first question that was not answered: another node should have taken over
 * by now, or nobody can, and nobody collects.
 */
const longSilenceMs = 20_000;

/** What {@link CollectorView} stands on. */
export interface CollectorViewOptions {
  clock: Clock;
  logger: Logger;
  /** Whether any node is known to collect. */
  isThere: () => boolean;
  /** What this node has copied of the gaps that the collecting node noted. */
  copied: (range: { fromMs: number; toMs: number }) => Pick<CollectedFacts, 'gaps' | 'metadata'>;
  /** Asks the collecting node; rejects when there is none or it does not answer. */
  ask: (ask: StateAsk) => Promise<unknown>;
}

/** What a node that does not collect knows of the one that does. */
export class CollectorView {
  readonly #options: CollectorViewOptions;
  readonly #status: Question<NodeStatus>;
  readonly #targets: Question<Target[]>;
  readonly #cardinality: Question<Cardinality | undefined>;
  /** Why the last question was not answered, and since when none is. */
  #failure: { code: string; sinceMs: number } | undefined;

  constructor(options: CollectorViewOptions) {
    this.#options = options;
    const { clock } = options;
    this.#status = new Question(clock, () => this.#ask({ what: 'status' }, answers.status));
    this.#targets = new Question(clock, () => this.#ask({ what: 'targets' }, answers.targets));
    this.#cardinality = new Question(clock, () => {
      return this.#ask({ what: 'cardinality' }, answers.cardinality);
    });
  }

  /** As the collecting node told it last; undefined before its first answer. */
  status(): Promise<NodeStatus | undefined> {
    return this.#status.get();
  }

  async targets(): Promise<Target[]> {
    return (await this.#targets.get()) ?? [];
  }

  cardinality(): Promise<Cardinality | undefined> {
    return this.#cardinality.get();
  }

  /** Gaps that touch the range, as the collecting node has noted them; rejects without an answer. */
  gaps(range: { fromMs: number; toMs: number }): Promise<Gap[]> {
    return this.#ask({ what: 'gaps', ...range }, answers.gaps);
  }

  /** Never rejects: when the collecting node does not answer, its warnings say so. */
  async collected(range: { fromMs: number; toMs: number }): Promise<CollectedFacts> {
    try {
      return await this.#ask({ what: 'collected', ...range }, answers.collected);
    } catch (error) {
      const targets = this.#targets.known?.answer ?? [];
      const warning = say('note.not-told', { code: codeOf(error) ?? 'UNKNOWN' });
      const { gaps, metadata } = this.#options.copied(range);
      return { targets, gaps, metadata, warnings: [warning] };
    }
  }

  /** What is wrong between this node and the collecting one, if anything is. */
  problems(): Problem[] {
    const { clock } = this.#options;
    // That nobody collects is another problem, which the lease tells.
    if (this.#failure === undefined || !this.#options.isThere()) return [];
    const { code, sinceMs } = this.#failure;
    const known = this.#status.known;
    const nowMs = clock.monotonicMs();
    const isLong = nowMs - sinceMs >= longSilenceMs;
    const ageMs = nowMs - (known?.atMs ?? nowMs);
    const toldBefore = isLong ? 'cluster.silent.long' : 'cluster.silent';
    return [
      makeProblem({
        code: 'CLUSTER_COLLECTOR_SILENT',
        severity: isLong ? 'error' : 'warning',
        message:
          known === undefined
            ? say('cluster.silent.unknown', { code })
            : say(toldBefore, { code, ageMs }),
        advice: say(isLong ? 'cluster.silent.long.advice' : 'cluster.silent.advice'),
        link: consolePages.highAvailability,
      }),
    ];
  }

  async #ask<Answer>(ask: StateAsk, read: (value: unknown) => Answer): Promise<Answer> {
    const { logger } = this.#options;
    try {
      const answer = read(await this.#options.ask(ask));
      this.#failure = undefined;
      return answer;
    } catch (error) {
      if (this.#failure === undefined && this.#options.isThere()) {
        logger.info('The collecting node does not answer this one', { error: asError(error) });
      }
      const sinceMs = this.#failure?.sinceMs ?? this.#options.clock.monotonicMs();
      this.#failure = { code: codeOf(error) ?? 'UNKNOWN', sinceMs };
      throw error;
    }
  }
}
