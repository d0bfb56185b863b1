import { maxBorrowedConnections, maxWaitingQueries } from '../limits.ts';
import { sqlError } from './sql-errors.ts';

/** Says how many connections may be borrowed at once; who waits too long behind others is refused. */
export class SqlPlaces {
  #free = maxBorrowedConnections;
  readonly #waiting = new Set<() => void>();

  /** Resolves when there is a place; rejects with the signal's reason when that aborts first. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    if (this.#waiting.size >= maxWaitingQueries) {
      throw sqlError('SQL_BUSY', 'too many queries wait for a connection to the database');
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(enter);
        reject(signal.reason as Error);
      };
      this.#waiting.add(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives a place to whoever waits longest. */
  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
