import { sleep, type Clock } from './clock.ts';

/** Work that is done round after round. */
export interface Round {
  /** Does one round; `wake` aborts when the next one is wanted at once. Must not reject. */
  work: (wake: AbortSignal) => Promise<void>;
  /** Pause after a round, in milliseconds; asked after each. */
  pauseMs: () => number;
}

/** Does a {@link Round} again and again, with a pause after each, until it is stopped. */
export class Rounds {
  readonly #clock: Clock;
  readonly #round: Round;
  #wake = new AbortController();
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(clock: Clock, round: Round) {
    this.#clock = clock;
    this.#round = round;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Begins with a round at once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the pause; asked for during a round, the next one follows without a pause. */
  wake(): void {
    this.#wake.abort();
  }

  /** Resolves when no round is under way and none will be. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.#wake = new AbortController();
      const { signal } = this.#wake;
      await this.#round.work(signal);
      // A stop during the round has aborted this signal, too.
      await sleep(this.#clock, this.#round.pauseMs(), signal);
    }
  }
}
