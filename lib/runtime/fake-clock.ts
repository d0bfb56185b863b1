import type { Clock, Timer } from './clock.ts';

interface PendingTimer {
  dueMs: number;
  order: number;
  run: () => void;
}

/** A clock that moves only when a test says so. Timers fire in order of their due time. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #order = 0;
  readonly #pending = new Set<PendingTimer>();

  constructor(startMs = 1_700_000_000_000) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    // Timers may be due at fractions; a machine's wall clock tells whole milliseconds.
    return Math.floor(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#pending.add(timer);
    return { cancel: () => this.#pending.delete(timer) };
  }

  /** Number of timers that wait; a test that ends with some has found a leak. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** How long it is until a timer is due; Infinity when none waits. */
  get untilDueMs(): number {
    const dues = [...this.#pending].map(({ dueMs }) => dueMs);
    return Math.max(0, Math.min(...dues) - this.#monotonicMs);
  }

  /** Moves the wall clock alone, as an administrator or NTP would. */
  stepWall(deltaMs: number): void {
    this.#wallMs += deltaMs;
  }

  /** Moves both clocks by `deltaMs`, firing due timers and letting promises settle in between. */
  async advance(deltaMs: number): Promise<void> {
    const targetMs = this.#monotonicMs + deltaMs;
    await settle();
    for (;;) {
      const next = this.#nextDue(targetMs);
      if (next === undefined) break;
      this.#moveTo(Math.max(next.dueMs, this.#monotonicMs));
      this.#pending.delete(next);
      next.run();
      await settle();
    }
    this.#moveTo(targetMs);
    await settle();
  }

  #nextDue(limitMs: number): PendingTimer | undefined {
    let best: PendingTimer | undefined;
    for (const timer of this.#pending) {
      if (timer.dueMs > limitMs) continue;
      if (
        best === undefined ||
        timer.dueMs < best.dueMs ||
        (timer.dueMs === best.dueMs && timer.order < best.order)
      ) {
        best = timer;
      }
    }
    return best;
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

/** Lets queued promise reactions and immediates run, without waiting for wall time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
