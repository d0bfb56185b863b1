import type { Gap } from '../../api/index.ts';
import { asError, sleep, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { GapLedger } from '../collect/index.ts';

/** Gaps matter for days: a minute of them is what a node that is lost takes along. */
const periodMs = 60_000;

/** Gaps of this time are asked for anew, because they may have ended or grown. */
const overlapMs = 60 * 60_000;

/** What {@link GapCopier} stands on. */
export interface GapCopierOptions {
  clock: Clock;
  logger: Logger;
  ledger: GapLedger;
  /** Whether another node collects. */
  isListening: () => boolean;
  /** Gaps from a time on, as the collecting node has noted them. */
  ask: (fromMs: number) => Promise<readonly Gap[]>;
}

/** Copies the ledger of the collecting node, so that its gaps are explained when it is gone. */
export class GapCopier {
  readonly #options: GapCopierOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  /** Up to when this ledger has what the collecting node had. */
  #untilMs = 0;

  constructor(options: GapCopierOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { clock, isListening } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      await sleep(clock, periodMs, signal);
      if (signal.aborted) return;
      if (isListening()) await this.#copy();
    }
  }

  async #copy(): Promise<void> {
    const { ask, clock, ledger, logger } = this.#options;
    const nowMs = clock.nowMs();
    try {
      const gaps = await ask(Math.max(0, this.#untilMs - overlapMs));
      ledger.adopt(gaps, nowMs);
      this.#untilMs = nowMs;
    } catch (error) {
      // That the other node does not answer is a problem in the status already.
      logger.debug('The gaps of the collecting node could not be copied', {
        error: asError(error),
      });
    }
  }
}
