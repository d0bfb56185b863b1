import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../runtime/index.ts';

/** Longest stretch of work before other tasks get their turn; the promise of the design is 20 ms. */
const sliceMs = 12;

/** Divides long work on the main thread into slices. */
export class Pacer {
  readonly #clock: Clock;
  #sliceEndMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sliceEndMs = clock.monotonicMs() + sliceMs;
  }

  /** Whether the slice is used up; ask every thousand steps or so. */
  get isDue(): boolean {
    return this.#clock.monotonicMs() >= this.#sliceEndMs;
  }

  /** Lets other tasks run and begins the next slice. */
  async pause(): Promise<void> {
    await setImmediate();
    this.#sliceEndMs = this.#clock.monotonicMs() + sliceMs;
  }
}
