import { endsWithin, type Clock } from '../../lib/runtime/index.ts';

/** An answer counts for so long before the collecting node is asked again. */
const freshMs = 3_000;

/** A page does not wait longer for a new answer when an older one is there. */
const patienceMs = 1_500;

/** The last answer to one question. */
interface Known<Answer> {
  answer: Answer;
  atMs: number;
}

/** One question that is asked again and again; callers at the same time share one request. */
export class Question<Answer> {
  readonly #clock: Clock;
  readonly #fetch: () => Promise<Answer>;
  #known: Known<Answer> | undefined;
  #asking: Promise<void> | undefined;
  #failedMs = -Infinity;

  constructor(clock: Clock, fetch: () => Promise<Answer>) {
    this.#clock = clock;
    this.#fetch = fetch;
  }

  get known(): Known<Answer> | undefined {
    return this.#known;
  }

  /** The newest answer that can be had without a long wait. */
  async get(): Promise<Answer | undefined> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - Math.max(this.#known?.atMs ?? -Infinity, this.#failedMs) >= freshMs) {
      this.#asking ??= this.#ask();
    }
    if (this.#asking !== undefined) await endsWithin(this.#clock, patienceMs, this.#asking);
    return this.#known?.answer;
  }

  /** Never rejects: failures are told by who fetches. */
  async #ask(): Promise<void> {
    try {
      const answer = await this.#fetch();
      this.#known = { answer, atMs: this.#clock.monotonicMs() };
    } catch {
      this.#failedMs = this.#clock.monotonicMs();
    } finally {
      this.#asking = undefined;
    }
  }
}
