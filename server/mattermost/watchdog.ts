import { type Clock, type Logger, type Timer } from '../../lib/runtime/index.ts';
import { blockedWarningMs, watchIntervalMs } from './limits.ts';

/**
 * Notices that the event loop stood still. The server restarts a plugin that does not answer for ten
 * seconds, and disables it after the third time: what blocks for less must be seen before.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  start(): void {
    const dueMs = this.#clock.monotonicMs() + watchIntervalMs;
    this.#timer = this.#clock.setTimer(watchIntervalMs, () => {
      const lateMs = Math.round(this.#clock.monotonicMs() - dueMs);
      if (lateMs >= blockedWarningMs) {
        this.#logger.warn('the event loop was blocked', { milliseconds: lateMs });
      }
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
