import type { PluginProcess } from '../../lib/goplugin/index.ts';
import { type Clock, type Logger, type LoopGuard, type Timer } from '../../lib/runtime/index.ts';
import { blockedWarningMs, endMissingBeats, warnMissingBeats, watchIntervalMs } from './limits.ts';
import { makeLogLine, toStderrLine } from './log/index.ts';

/**
 * Notices that the event loop stood still. The server restarts a plugin that does not answer for ten
 * seconds, and disables it after the third time: what blocks for less must be seen before, and what
 * blocks for ever is told and ended by a guard outside of the loop, with the place where it hangs.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #guardLoop: PluginProcess['guardLoop'];
  #guard: Pick<LoopGuard, 'beat' | 'stop'> | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, logger: Logger, guardLoop?: PluginProcess['guardLoop']) {
    this.#clock = clock;
    this.#logger = logger;
    this.#guardLoop = guardLoop;
  }

  start(): void {
    this.#guard = this.#guardLoop?.({
      beatMs: watchIntervalMs,
      warnBeats: warnMissingBeats,
      endBeats: endMissingBeats,
      warning: toStderrLine(
        makeLogLine('warn', 'the event loop is blocked', { milliseconds: '{milliseconds}' }),
        '{time}',
      ),
      ending: toStderrLine(
        makeLogLine('error', 'the event loop does not come back; the plugin ends to be restarted', {
          milliseconds: '{milliseconds}',
          stack: '{stack}',
        }),
        '{time}',
      ),
      onFailure: (error) => {
        this.#logger.warn('Nobody watches the event loop any more', {
          code: 'WATCHDOG_LOST',
          error: error as Error,
        });
      },
    });
    this.#wait();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#guard?.stop();
  }

  #wait(): void {
    const dueMs = this.#clock.monotonicMs() + watchIntervalMs;
    this.#timer = this.#clock.setTimer(watchIntervalMs, () => {
      this.#guard?.beat();
      const lateMs = Math.round(this.#clock.monotonicMs() - dueMs);
      if (lateMs >= blockedWarningMs) {
        this.#logger.warn('The event loop was blocked', {
          code: 'LOOP_BLOCKED',
          milliseconds: lateMs,
        });
      }
      this.#wait();
    });
  }
}
