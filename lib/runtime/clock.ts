/** A pending one-shot timer; cancelling a timer that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time, injected wherever time matters so that tests own it.
 * Wall time may step in either direction; monotonic time never does.
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start, never decreasing; use it for durations and deadlines. */
  monotonicMs(): number;
  /** Runs `run` once after `delayMs`. The caller owns the timer and cancels it when it is done. */
  setTimer(delayMs: number, run: () => void): Timer;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Resolves after `delayMs`, or at once when `signal` aborts: callers look at the signal themselves,
 * so that stopping is not an error path.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const finish = () => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimer(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
