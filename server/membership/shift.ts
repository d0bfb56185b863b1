import { asError, sleep, type Clock, type Logger } from '../../lib/runtime/index.ts';

/** What a node does at present: scrape, or leave that to another one. */
export type Duty = 'collect' | 'listen';

/** What changes with the duty. */
export interface ShiftWork {
  /** Begins to scrape; the loops run when this returns. */
  begin(): void;
  /** Ends scraping at once; no sample comes in after it resolves. */
  end(): Promise<void>;
  /** Turns what this node still has in memory into blocks; breaks off when `signal` aborts. */
  clear(signal: AbortSignal): Promise<void>;
}

/**
 * After a start: whoever held the lease before a restart gets it back within this time, and goes on
 * with what is in memory.
 */
const settleMs = 20_000;

/** Pause before what could not be cleared is tried again. */
const clearRetryMs = 30_000;

/**
 * Does what the lease says. Changes come one after another: what is overtaken is broken off, so that
 * a node that collects again does not wait for the end of its tidying up.
 */
export class Shift {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #work: ShiftWork;
  #wanted: Duty | undefined;
  #current: Duty | undefined;
  #overtaken = new AbortController();
  #isChanging = false;
  #changing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: { clock: Clock; logger: Logger }, work: ShiftWork) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#work = work;
  }

  /** What the node does; undefined before the first {@link turn} and after {@link stop}. */
  get duty(): Duty | undefined {
    return this.#current;
  }

  /** Asks for a duty; it is taken up at once unless a change is under way. */
  turn(duty: Duty): void {
    if (this.#isStopped || this.#wanted === duty) return;
    this.#wanted = duty;
    this.#overtaken.abort();
    if (!this.#isChanging) this.#changing = this.#change();
  }

  /** Ends scraping; what is in memory stays in the WAL. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#overtaken.abort();
    await this.#changing;
    if (this.#current === 'collect') await this.#end();
    this.#current = undefined;
  }

  /** Never rejects. */
  async #change(): Promise<void> {
    this.#isChanging = true;
    while (!this.#isStopped && this.#current !== this.#wanted) {
      this.#overtaken = new AbortController();
      if (this.#wanted === 'collect') {
        this.#work.begin();
        this.#current = 'collect';
        continue;
      }
      const isStart = this.#current === undefined;
      if (this.#current === 'collect') await this.#end();
      this.#current = 'listen';
      const { signal } = this.#overtaken;
      if (isStart) await sleep(this.#clock, settleMs, signal);
      if (!signal.aborted) await this.#clear(signal);
    }
    // In the same step as the last look at what is wanted: nobody can ask in between.
    this.#isChanging = false;
  }

  async #end(): Promise<void> {
    try {
      await this.#work.end();
    } catch (error) {
      this.#logger.error('Collecting could not end properly', {
        code: 'COLLECTING_NOT_ENDED',
        error: asError(error),
      });
    }
  }

  /** Clears until that has worked once, or until something else is wanted. */
  async #clear(overtaken: AbortSignal): Promise<void> {
    while (!(await this.#isCleared(overtaken))) {
      await sleep(this.#clock, clearRetryMs, overtaken);
    }
  }

  async #isCleared(overtaken: AbortSignal): Promise<boolean> {
    try {
      overtaken.throwIfAborted();
      await this.#work.clear(overtaken);
    } catch (error) {
      if (overtaken.aborted) return true;
      const what = 'What this node had collected is not in blocks yet; it is tried again';
      this.#logger.warn(what, { code: 'COLLECTING_NOT_CLEARED', error: asError(error) });
      return false;
    }
    return true;
  }
}
