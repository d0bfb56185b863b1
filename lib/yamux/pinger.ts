import type { Clock, Timer } from '../runtime/index.ts';
import { YamuxError } from './errors.ts';
import { FrameFlag, type FrameHeader } from './frame.ts';
import { maxPendingPings } from './limits.ts';

interface PendingPing {
  sentMs: number;
  resolve: (roundTripMs: number) => void;
  reject: (error: Error) => void;
}

/** Pings of a session: answers the peer's at once, sends our own on demand or at an interval. */
export class Pinger {
  readonly #clock: Clock;
  readonly #send: (flags: number, value: number) => void;
  readonly #onSilent: (error: YamuxError) => void;
  readonly #pending = new Map<number, PendingPing>();
  #nextValue = 0;
  #timer: Timer | undefined;
  #error: YamuxError | undefined;

  /** `onSilent` is called when a keep-alive ping stays without an answer. */
  constructor(
    clock: Clock,
    send: (flags: number, value: number) => void,
    onSilent: (error: YamuxError) => void,
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#onSilent = onSilent;
  }

  receive(header: FrameHeader): void {
    if ((header.flags & FrameFlag.syn) !== 0) {
      this.#send(FrameFlag.ack, header.length);
      return;
    }
    const ping = this.#pending.get(header.length);
    this.#pending.delete(header.length);
    ping?.resolve(this.#clock.monotonicMs() - ping.sentMs);
  }

  ping(): Promise<number> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#pending.size >= maxPendingPings) {
      const text = `${String(maxPendingPings)} pings wait for their answer`;
      return Promise.reject(new YamuxError('YAMUX_TOO_MANY_PINGS', text));
    }
    const value = this.#nextValue;
    this.#nextValue = (value + 1) >>> 0;
    return new Promise((resolve, reject) => {
      this.#pending.set(value, { sentMs: this.#clock.monotonicMs(), resolve, reject });
      this.#send(FrameFlag.syn, value);
    });
  }

  /** Pings every `intervalMs`; an answer that takes longer than `timeoutMs` ends the session. */
  keepAlive(times: { intervalMs: number; timeoutMs: number }): void {
    this.#timer = this.#clock.setTimer(times.intervalMs, () => {
      this.#timer = this.#clock.setTimer(times.timeoutMs, () => {
        const text = `no answer to a ping within ${String(times.timeoutMs)} ms`;
        this.#onSilent(new YamuxError('YAMUX_KEEP_ALIVE', text));
      });
      const next = () => {
        this.#timer?.cancel();
        if (this.#error === undefined) this.keepAlive(times);
      };
      // It rejects when the session is over, or when its owner pings more than the limit.
      this.ping().then(next, next);
    });
  }

  stop(error: YamuxError): void {
    this.#error = error;
    this.#timer?.cancel();
    for (const ping of this.#pending.values()) ping.reject(error);
    this.#pending.clear();
  }
}
