import { StoreError } from './errors.ts';

/** Lets one task at a time through, in the order of asking. */
export class Turnstile {
  readonly #maxWaiting: number;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** As {@link enter}, but `TSDB_BUSY` when too many wait already. */
  tryEnter<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    if (this.#waiting < this.#maxWaiting) return this.enter(task);
    const message = `${String(this.#waiting)} commits wait for the WAL`;
    return Promise.reject(new StoreError('TSDB_BUSY', message));
  }

  /** Runs `task` when its turn comes; for the store's own tasks, of which there are few. */
  enter<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    this.#waiting++;
    const turn = this.#last.then(async () => {
      this.#waiting--;
      return task();
    });
    // The next in line waits for the end of this turn, not for its success: that is the caller's.
    this.#last = turn.then(ignore, ignore);
    return turn;
  }
}

function ignore(): void {
  return;
}
