import { sweepPeriodBytes } from './limits.ts';

interface Engine {
  gc?: (options: { type: 'minor' | 'major' }) => void;
}

/**
 * Frees the buffers of a stream behind it. To the engine a buffer is as small as its handle: a thread
 * that only moves bytes lets 64 MB of dead buffers gather before it looks. Where it can be asked
 * (`--expose-gc`), it is asked to look at its youngest objects each time so many bytes went by, which
 * takes about a millisecond; elsewhere nothing happens.
 */
export class BufferSweep {
  readonly #periodBytes: number;
  readonly #engine: Engine;
  #bytes = 0;

  constructor(periodBytes = sweepPeriodBytes, engine: Engine = globalThis as Engine) {
    this.#periodBytes = periodBytes;
    this.#engine = engine;
  }

  /** Tells that so many bytes went by. */
  passed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#periodBytes) return;
    this.#bytes = 0;
    this.#engine.gc?.({ type: 'minor' });
  }

  /**
   * Tells that work has ended which made much and keeps little of it: the engine looks at everything,
   * which takes a thread with few objects some ten milliseconds.
   */
  ended(): void {
    this.#bytes = 0;
    this.#engine.gc?.({ type: 'major' });
  }
}
