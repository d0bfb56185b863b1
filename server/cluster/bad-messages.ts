import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import type { Clock, Logger } from '../../lib/runtime/index.ts';
import { badMessageToldMs } from './limits.ts';

/** Messages that could not be used: one line in the log and one problem an hour, however many come. */
export class BadMessages {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #last: { atMs: number; reason: string } | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  tell(reason: string): void {
    if (this.#told() !== undefined) return;
    this.#last = { atMs: this.#clock.monotonicMs(), reason };
    this.#logger.warn('A message from another node could not be used', {
      code: 'CLUSTER_BAD_MESSAGE',
      reason,
    });
  }

  problems(): Problem[] {
    const reason = this.#told();
    if (reason === undefined) return [];
    return [
      makeProblem({
        code: 'CLUSTER_BAD_MESSAGE',
        severity: 'warning',
        message: say('cluster.bad-message', { reason }),
        advice: say('cluster.bad-message.advice'),
        link: consolePages.pluginManagement,
      }),
    ];
  }

  #told(): string | undefined {
    const last = this.#last;
    const isRecent =
      last !== undefined && this.#clock.monotonicMs() - last.atMs <= badMessageToldMs;
    return isRecent ? last.reason : undefined;
  }
}
