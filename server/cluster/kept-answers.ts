import type { Clock } from '../../lib/runtime/index.ts';
import { keptAnswerMs, maxKeptAnswers } from './limits.ts';

/** `running`: the handler is at it; bytes: what it answered. */
type Kept = { kind: 'running' } | { kind: 'answered'; bytes: Uint8Array; atMs: number };

/**
 * Requests that came lately with what was answered: a request that comes twice is served once.
 * Bounded; the oldest answer goes first.
 */
export class KeptAnswers {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(request: string): Kept | undefined {
    this.#forgetOld();
    return this.#kept.get(request);
  }

  begin(request: string): void {
    this.#kept.set(request, { kind: 'running' });
  }

  end(request: string, bytes: Uint8Array): void {
    this.#kept.delete(request);
    this.#kept.set(request, { kind: 'answered', bytes, atMs: this.#clock.monotonicMs() });
    this.#forgetOld();
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.monotonicMs() - keptAnswerMs;
    const answered = [...this.#kept].filter(([, { kind }]) => kind === 'answered');
    const surplus = answered.length - maxKeptAnswers;
    answered.forEach(([request, kept], at) => {
      const isOld = kept.kind === 'answered' && kept.atMs < oldestMs;
      if (at < surplus || isOld) this.#kept.delete(request);
    });
  }
}
