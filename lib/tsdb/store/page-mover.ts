import type { Clock, Rng } from '../../runtime/index.ts';
import { pageBytes, type Head } from '../head/index.ts';
import { moveRetryMs } from './limits.ts';
import { PageFile } from './page-file.ts';

/**
 * Keeps the memory of closed chunks within bounds: what nobody reads before the next cut goes to
 * files, the oldest first. A failure only means that the memory is used for longer.
 */
export class PageMover {
  readonly #head: Head;
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #maxPages: number;
  #running: Promise<void> | undefined;
  #notBeforeMs = -Infinity;
  #isStopped = false;

  constructor(options: { head: Head; dir: string; clock: Clock; rng: Rng; maxBytes: number }) {
    this.#head = options.head;
    this.#dir = options.dir;
    this.#clock = options.clock;
    this.#rng = options.rng;
    this.#maxPages = Math.floor(options.maxBytes / pageBytes);
  }

  /** Begins to move pages out when there are too many; cheap to call after every commit. */
  look(): void {
    if (this.#running !== undefined || this.#isStopped || this.#surplus <= 0) return;
    if (this.#clock.monotonicMs() < this.#notBeforeMs) return;
    this.#running = this.#move().finally(() => {
      this.#running = undefined;
    });
  }

  /** Waits for the page under way and moves no more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  get #surplus(): number {
    let pages = 0;
    for (const window of this.#head.windows()) pages += window.fullPages;
    return pages - this.#maxPages;
  }

  async #move(): Promise<void> {
    try {
      while (!this.#isStopped && this.#surplus > 0) {
        const oldest = [...this.#head.windows()]
          .filter((window) => window.fullPages > 0)
          .reduce((a, b) => (a.startMs < b.startMs ? a : b));
        await oldest.moveOut(() => PageFile.open(this.#dir, this.#rng));
      }
    } catch {
      // A full disk shows in the WAL as well; the pages stay in memory and are tried again.
      this.#notBeforeMs = this.#clock.monotonicMs() + moveRetryMs;
    }
  }
}
