import { errorText, type Clock, type Logger, type Timer } from '../../../lib/runtime/index.ts';
import type { JobBook } from './job-book.ts';
import { isFinished, type JobRecord } from './job-record.ts';
import type { JobRunner } from './job-runner.ts';
import { foreignRefreshMs, maxAttempts, unaskedRefreshMs, wakeDelayMs } from '../limits.ts';
import { interrupted } from '../refusals.ts';

/** What {@link JobWatch} stands on. */
export interface JobWatchOptions {
  clock: Clock;
  logger: Logger;
  book: JobBook;
  runner: JobRunner;
  /** This node, by name and as the owner of jobs. */
  node: string;
  owner: string;
  /** Whether other nodes make dumps, too. */
  isShared: boolean;
  /** Called with every look at the jobs. */
  onBeat: () => Promise<void>;
}

/**
 * Keeps the jobs of this node known to the others, knows theirs, and takes over what nobody works on:
 * jobs survive restarts of their node and its end.
 */
export class JobWatch {
  readonly #options: JobWatchOptions;
  #tick: Timer | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #isLoaded = false;
  #isStopped = false;
  #refreshedAtMs = -Infinity;

  constructor(options: JobWatchOptions) {
    this.#options = options;
  }

  /** Begins the unfinished jobs of an earlier run again, and looks at all jobs from now on. */
  async start(): Promise<void> {
    await this.#load();
    this.#schedule();
  }

  /** Looks no more; resolves when all is quiet. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tick?.cancel();
    await this.#ticking;
  }

  /** Another node has created a job: its record is to be watched from now on. */
  wake(): void {
    this.#refreshedAtMs = -Infinity;
    this.#schedule(wakeDelayMs);
  }

  /** Reads the records of other nodes unless that was done a moment ago; `isUrgent` does it at once. */
  async refresh(isUrgent = false): Promise<void> {
    const { book, clock, logger } = this.#options;
    if (!isUrgent && clock.monotonicMs() - this.#refreshedAtMs < foreignRefreshMs) return;
    this.#refreshedAtMs = clock.monotonicMs();
    try {
      await book.refresh();
    } catch (error) {
      // What is known is better than nothing; the next call tries again.
      logger.warn('The jobs could not be read', {
        code: 'DUMP_JOBS_UNREADABLE',
        reason: errorText(error),
      });
    }
  }

  async #load(): Promise<void> {
    const { book, clock, logger } = this.#options;
    try {
      await book.refresh();
      this.#refreshedAtMs = clock.monotonicMs();
    } catch (error) {
      logger.warn('The jobs could not be read', {
        code: 'DUMP_JOBS_UNREADABLE',
        reason: errorText(error),
      });
      return;
    }
    const isStart = !this.#isLoaded;
    for (const found of book.abandoned(isStart).reverse()) await this.#adopt(found);
    this.#isLoaded = true;
  }

  /** Takes a job over that nobody works on. */
  async #adopt(found: JobRecord): Promise<void> {
    const { book, logger, node, owner, runner } = this.#options;
    const record = structuredClone(found);
    const { dump } = record;
    dump.node = node;
    record.owner = owner;
    record.revision++;
    const isGivenUp = record.attempt >= maxAttempts;
    if (record.isCancelRequested) dump.state = 'cancelled';
    else if (isGivenUp) Object.assign(dump, { state: 'failed', error: interrupted().toApiError() });
    else dump.state = 'queued';
    dump.progress = { percent: 0, phase: 'waiting' };
    if (!(await book.claim(record))) return;
    logger.info('Took over a dump that was not finished', { id: dump.id, state: dump.state });
    if (isFinished(dump)) await runner.end(record);
    else runner.enqueue(dump.id);
  }

  #schedule(delayMs = foreignRefreshMs): void {
    if (this.#isStopped) return;
    this.#tick?.cancel();
    this.#tick = this.#options.clock.setTimer(delayMs, () => {
      this.#ticking = this.#beat().finally(() => {
        this.#schedule();
      });
    });
  }

  async #beat(): Promise<void> {
    const { book, clock, isShared, onBeat } = this.#options;
    await book.beat();
    const isOld = clock.monotonicMs() - this.#refreshedAtMs >= unaskedRefreshMs;
    if (!this.#isLoaded || book.hasForeignWork() || (isShared && isOld)) await this.#load();
    await onBeat();
  }
}
