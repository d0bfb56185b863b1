import { asError } from './thrown.ts';
import type { Clock, Timer } from './clock.ts';
import { ThreadError } from './errors.ts';
import type { Thread, ThreadCall } from './thread.ts';

/** What an {@link OnDemandThread} is made of. */
export interface OnDemandThreadOptions {
  clock: Clock;
  create: () => Thread;
  /** A thread without calls for this long is ended: an idle one holds some ten megabytes. */
  idleMs: number;
  /** Called when a thread could not be ended: the process must exit. */
  onHung: (error: Error) => void;
}

/**
 * A thread that exists only while there is work, and that is replaced after a crash. A new one waits for
 * the end of the one before: of two at once each has a heap, and the C library an arena that stays.
 */
export class OnDemandThread {
  readonly #options: OnDemandThreadOptions;
  #thread: Thread | undefined;
  #calls = 0;
  #idle: Timer | undefined;
  #isStopped = false;
  readonly #ending = new Set<Promise<void>>();

  constructor(options: OnDemandThreadOptions) {
    this.#options = options;
  }

  /** As {@link Thread.call}; starts a thread when there is none. */
  async call(method: string, payload: unknown, options?: ThreadCall): Promise<unknown> {
    if (this.#ending.size > 0) await Promise.all(this.#ending);
    if (this.#isStopped) throw new ThreadError('THREAD_CANCELLED', 'the thread has been stopped');
    this.#idle?.cancel();
    if (this.#thread?.isAlive !== true) this.#thread = this.#options.create();
    this.#calls++;
    try {
      return await this.#thread.call(method, payload, options);
    } finally {
      this.#calls--;
      if (this.#calls === 0) this.#armIdle();
    }
  }

  /** Ends the thread if there is one; calls in progress reject. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#idle?.cancel();
    this.#end();
    await Promise.all(this.#ending);
  }

  #armIdle(): void {
    if (this.#isStopped) return;
    this.#idle = this.#options.clock.setTimer(this.#options.idleMs, () => {
      this.#end();
    });
  }

  #end(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined) return;
    const ended = thread
      .stop()
      .catch((error: unknown) => {
        this.#options.onHung(asError(error));
      })
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
