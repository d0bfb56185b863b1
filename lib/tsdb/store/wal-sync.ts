import { errorText, type Clock, type Timer } from '../../runtime/index.ts';
import { syncDelayMs } from './limits.ts';
import type { Problems } from './problems.ts';
import { walError, type WalWriter } from './wal-writer.ts';

/** Brings the WAL to the disk soon after commits, and at once when asked; one sync at a time. */
export class WalSync {
  readonly #clock: Clock;
  readonly #writer: Pick<WalWriter, 'sync'>;
  readonly #problems: Problems;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(clock: Clock, writer: Pick<WalWriter, 'sync'>, problems: Problems) {
    this.#clock = clock;
    this.#writer = writer;
    this.#problems = problems;
  }

  /** Syncs a moment from now what was committed until then. */
  schedule(): void {
    if (this.#isStopped) return;
    this.#timer ??= this.#clock.setTimer(syncDelayMs, () => {
      this.#timer = undefined;
      // The failure is a problem in the status already; what is left is to try again.
      this.now().catch(() => this.schedule());
    });
  }

  /** Syncs when the syncs before have ended; only the result of this one is told. */
  now(): Promise<void> {
    const run = this.#running.then(() => this.#sync());
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** Resolves when nothing runs and nothing will by itself. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    return this.#running;
  }

  async #sync(): Promise<void> {
    try {
      await this.#writer.sync();
      this.#problems.clear('sync');
    } catch (error) {
      const { cause, code, message } = walError(error);
      this.#problems.set('sync', { code, message, reason: errorText(cause) });
      throw error;
    }
  }
}
