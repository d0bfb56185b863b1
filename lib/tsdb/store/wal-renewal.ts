import { errorText, type Clock } from '../../runtime/index.ts';
import { Pacer } from '../head/index.ts';
import { firstRenewRetryMs, lastRenewRetryMs } from './limits.ts';
import type { Problems } from './problems.ts';
import type { Turnstile } from './turnstile.ts';
import type { StoreThread } from './types.ts';
import type { WalLog } from './wal-log.ts';

/** What renewing works on. */
export interface WalRenewalParts {
  clock: Clock;
  thread: StoreThread;
  wal: WalLog;
  turnstile: Turnstile;
  problems: Problems;
}

/**
 * Writes the WAL anew from memory once the disk has refused to sync it: what it refused may be gone from
 * the kernel's cache as well, and a second sync would succeed all the same. Nothing else may cut segments
 * or write checkpoints meanwhile.
 */
export class WalRenewal {
  readonly #parts: WalRenewalParts;
  #retryMs = firstRenewRetryMs;
  #notBeforeMs = -Infinity;
  /** The last try has failed: it may have been when the WAL was there anew, and only the old one was left. */
  #hasFailed = false;

  constructor(parts: WalRenewalParts) {
    this.#parts = parts;
  }

  get isDue(): boolean {
    const { clock, wal } = this.#parts;
    const isWanted = wal.writer.isDoubted || this.#hasFailed;
    return isWanted && clock.monotonicMs() >= this.#notBeforeMs;
  }

  /** Never rejects: a failure is a problem in the status, and is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    if (!this.isDue) return;
    const { clock, problems, thread, turnstile, wal } = this.#parts;
    try {
      const renewal = await turnstile.enter(() => wal.cutForRenewal(new Pacer(clock)));
      await wal.renew(renewal, thread, signal);
      this.#hasFailed = false;
      problems.clear('renewal');
      this.#retryMs = firstRenewRetryMs;
    } catch (error) {
      if (signal.aborted) return;
      this.#hasFailed = true;
      this.#notBeforeMs = clock.monotonicMs() + this.#retryMs;
      this.#retryMs = Math.min(2 * this.#retryMs, lastRenewRetryMs);
      const reason = errorText(error);
      const message = `writing the WAL anew failed and will be tried again: ${reason}`;
      problems.set('renewal', { code: 'TSDB_WAL_IO', message, reason });
    }
  }
}
