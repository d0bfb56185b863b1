import { setTimeout as wait } from 'node:timers/promises';
import { readLease } from './check-cluster-lease.ts';
import type { ClusterBed } from './cluster-bed.ts';

const lookPauseMs = 250;

/** Looks at the record of the lease as it stands in the server's table, until it is stopped. */
export class RecordWatch {
  /** How often another record was found than the one before. */
  moves = 0;
  /** Longest that one record can have stood there since the start; never less than it did. */
  longestMs = 0;
  readonly #bed: ClusterBed;
  readonly #stopped = new AbortController();
  readonly #looking: Promise<void>;

  private constructor(bed: ClusterBed) {
    this.#bed = bed;
    this.#looking = this.#look();
    // Told by stop().
    this.#looking.catch(() => undefined);
  }

  static start(bed: ClusterBed): RecordWatch {
    return new RecordWatch(bed);
  }

  /** Rejects when the table could not be read. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
  }

  async #look(): Promise<void> {
    let askedMs = performance.now();
    let sinceMs = askedMs;
    let record = JSON.stringify(await readLease(this.#bed));
    while (!this.#stopped.signal.aborted) {
      await wait(lookPauseMs);
      // The next record may have been written right behind the look that found this one last.
      const lastAskedMs = askedMs;
      askedMs = performance.now();
      const found = JSON.stringify(await readLease(this.#bed));
      this.longestMs = Math.max(this.longestMs, performance.now() - sinceMs);
      if (found === record) continue;
      record = found;
      sinceMs = lastAskedMs;
      this.moves++;
    }
  }
}
