import { sleep, systemClock, type Clock, type Timer } from './clock.ts';
import { FakeClock } from './fake-clock.ts';
import { quiet } from './quiet-fixture.ts';

/** Pause between two steps; on a machine with nothing else to do, time passes about as fast as its own. */
const pauseMs = 5;

/** What may pass at once, however long the process had to wait for the machine. */
const maxStepMs = 20;

/**
 * The machine's time without that in which this process is at work or waits for a processor: what must
 * be done within a second has a second of an idle machine. Whoever asks again and again meanwhile must
 * pause by this clock, or no time passes.
 */
export class PatientClock implements Clock {
  readonly #time = new FakeClock(systemClock.nowMs());
  readonly #stop = new AbortController();
  readonly #end: Promise<unknown>;

  constructor() {
    this.#end = this.#run().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  monotonicMs(): number {
    return this.#time.monotonicMs();
  }

  setTimer(delayMs: number, run: () => void): Timer {
    return this.#time.setTimer(delayMs, run);
  }

  /** Ends time; rejects when the process never came to rest. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const error = await this.#end;
    if (error !== undefined) throw error as Error;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let beforeMs = systemClock.monotonicMs();
    while (!signal.aborted) {
      await sleep(systemClock, pauseMs, signal);
      await quiet();
      const nowMs = systemClock.monotonicMs();
      await this.#time.advance(Math.min(nowMs - beforeMs, maxStepMs));
      beforeMs = nowMs;
    }
  }
}
