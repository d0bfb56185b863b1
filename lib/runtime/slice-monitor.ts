import type { Clock, Timer } from './clock.ts';
import { slicePeriodMs } from './limits.ts';

/**
 * Measures the longest stretch of CPU time that the main thread spent without returning to the
 * event loop. A timer reads the thread's CPU clock: what passed between two firings is at least as long
 * as the longest slice between them. Every 10 ms, as benchmarks want it, that costs about 1 % of a core;
 * for always there is a longer period.
 */
export class SliceMonitor {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #lastCpuMs = 0;
  #longestMs = 0;
  readonly #periodMs: number;

  constructor(clock: Clock, periodMs = slicePeriodMs) {
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  /** Milliseconds of thread CPU time; an upper bound within the period. */
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
    this.#timer = this.#clock.setTimer(this.#periodMs, () => {
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
