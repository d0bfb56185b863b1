import type { Clock, Timer } from './clock.ts';
import { slicePeriodMs } from './limits.ts';

/**
 * Measures the longest stretch of CPU time that the main thread spent without returning to the
 * event loop. A timer that fires every 10 ms reads the thread's CPU clock: what passed between two
 * firings is at least as long as the longest slice between them. Costs about 1 % of a core, so it
 * is for benchmarks and for hunting, not for always.
 */
export class SliceMonitor {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #lastCpuMs = 0;
  #longestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds of thread CPU time; an upper bound within 10 ms. */
  get longestMs(): number {
    return this.#longestMs;
  }

  start(): void {
    this.#lastCpuMs = threadCpuMs();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(slicePeriodMs, () => {
      const cpuMs = threadCpuMs();
      this.#longestMs = Math.max(this.#longestMs, cpuMs - this.#lastCpuMs);
      this.#lastCpuMs = cpuMs;
      this.#arm();
    });
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
