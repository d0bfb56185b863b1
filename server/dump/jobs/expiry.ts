import type { Dump } from '../../../api/index.ts';
import { errorText, type Clock, type Logger } from '../../../lib/runtime/index.ts';
import { isFinished } from './job-record.ts';
import { expiryPeriodMs } from '../limits.ts';

/** What {@link DumpExpiry} stands on. */
export interface DumpExpiryOptions {
  clock: Clock;
  logger: Logger;
  /** Age at which finished dumps are deleted. */
  retentionMs: () => number;
  /** Whether this node is the one that deletes; asked before each. */
  mayDelete?: () => boolean;
  /** Deletes a job with its archive, and tells of it. */
  remove: (dump: Dump) => Promise<void>;
}

/** Deletes finished dumps that are past their age. One that waits or runs has no age. */
export class DumpExpiry {
  readonly #options: DumpExpiryOptions;
  #sweptAtMs = -Infinity;

  constructor(options: DumpExpiryOptions) {
    this.#options = options;
  }

  /** When a dump is deleted; null until it is finished. */
  expiresAtMs(dump: Dump): number | null {
    if (!isFinished(dump)) return null;
    return (dump.finishedAtMs ?? dump.createdAtMs) + this.#options.retentionMs();
  }

  /** At most once a minute; what cannot be deleted now is tried again with the next one. */
  async sweep(dumps: readonly Dump[]): Promise<void> {
    const { clock, logger, mayDelete = () => true, remove } = this.#options;
    if (clock.monotonicMs() - this.#sweptAtMs < expiryPeriodMs) return;
    this.#sweptAtMs = clock.monotonicMs();
    for (const dump of dumps) {
      const expiresAtMs = this.expiresAtMs(dump);
      if (expiresAtMs === null || expiresAtMs > clock.nowMs()) continue;
      if (!mayDelete()) return;
      const { id } = dump;
      try {
        await remove(dump);
        logger.info('A dump past its age was deleted', { id });
      } catch (error) {
        logger.warn('A dump past its age could not be deleted', {
          code: 'DUMP_NOT_DELETED',
          id,
          reason: errorText(error),
        });
      }
    }
  }
}
