import { type Clock, asError } from '../../lib/runtime/index.ts';
import { failuresToTell, leaseCallLimitMs } from './limits.ts';

/** The calls of the server's key-value store that the lease needs; `PluginApi` has them. */
export interface LeaseKv {
  kvGet(key: string): Promise<Uint8Array | undefined>;
  kvCompareAndSet(
    key: string,
    oldValue: Uint8Array | undefined,
    newValue: Uint8Array,
  ): Promise<boolean>;
}

/** When a call began, by both clocks. */
export interface CallStart {
  /** Monotonic. */
  startMs: number;
  startWallMs: number;
}

/** How a call ended; `late` ones may still happen in the database. */
export type CallEnd<Value> = CallStart &
  ({ kind: 'answered'; value: Value } | { kind: 'failed'; error: Error } | { kind: 'late' });

const leaseKey = 'lead';

/**
 * Reads and writes the lease's key, each within a limit of time, and counts failures. The server
 * ends every call in its own time, so calls that were given up stay few.
 */
export class LeaseCalls {
  readonly #kv: LeaseKv;
  readonly #clock: Clock;
  readonly #onLateAnswer: () => void;
  #failures = 0;
  #lastError: Error | undefined;
  #isClosed = false;
  #giveUp: (() => void) | undefined;
  #lastStartMs = Number.NEGATIVE_INFINITY;

  /** `onLateAnswer` runs when a call that was given up has an answer after all. */
  constructor(kv: LeaseKv, clock: Clock, onLateAnswer: () => void) {
    this.#kv = kv;
    this.#clock = clock;
    this.#onLateAnswer = onLateAnswer;
  }

  /** Undefined when there is no record. The server may read from a replica that lags. */
  read(): Promise<CallEnd<Uint8Array | undefined>> {
    return this.#limited(() => this.#kv.kvGet(leaseKey));
  }

  /** Writes `to` if exactly `from` stands there; empty `from` means no record. */
  swap(
    from: Uint8Array,
    to: Uint8Array,
    limitMs: number = leaseCallLimitMs,
  ): Promise<CallEnd<boolean>> {
    const old = from.length === 0 ? undefined : from;
    return this.#limited(() => this.#kv.kvCompareAndSet(leaseKey, old, to), limitMs);
  }

  /** Gives up the call that is under way, and all later ones. */
  close(): void {
    this.#isClosed = true;
    this.#giveUp?.();
  }

  get lastStartMs(): number {
    return this.#lastStartMs;
  }

  /** Several calls in a row have failed. */
  get isFailing(): boolean {
    return this.#failures >= failuresToTell;
  }

  /** What the last call failed with; undefined when it did not, or was not answered in time. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  async #limited<Value>(
    call: () => Promise<Value>,
    limitMs: number = leaseCallLimitMs,
  ): Promise<CallEnd<Value>> {
    const start = { startMs: this.#clock.monotonicMs(), startWallMs: this.#clock.nowMs() };
    if (this.#isClosed) return { kind: 'late', ...start };
    this.#lastStartMs = start.startMs;
    const end = await new Promise<CallEnd<Value>>((resolve) => {
      let isOver = false;
      const finish = (how: CallEnd<Value>) => {
        if (isOver) {
          this.#onLateAnswer();
          return;
        }
        isOver = true;
        timer.cancel();
        resolve(how);
      };
      this.#giveUp = () => {
        if (!isOver) finish({ kind: 'late', ...start });
      };
      const timer = this.#clock.setTimer(limitMs, this.#giveUp);
      // A given-up call that fails in the end says no more than its silence did.
      call().then(
        (value) => finish({ kind: 'answered', value, ...start }),
        (error: unknown) => finish({ kind: 'failed', error: asError(error), ...start }),
      );
    });
    this.#failures = end.kind === 'answered' ? 0 : this.#failures + 1;
    this.#lastError = end.kind === 'failed' ? end.error : undefined;
    return end;
  }
}
