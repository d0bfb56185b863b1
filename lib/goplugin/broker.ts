import type { ByteStream } from '../bytes/index.ts';
import type { Clock, Timer } from '../runtime/index.ts';
import { GoPluginError } from './errors.ts';
import { decodeBrokerId, encodeBrokerId, readPrefix } from './framing.ts';
import { brokerTimeoutMs, maxAnnounced } from './limits.ts';

/** What the broker needs of the session below it. */
export interface StreamOpener {
  /** May wait for the peer to take earlier streams. */
  openSoon(): Promise<ByteStream>;
}

interface WaitingAccept {
  resolve: (stream: ByteStream) => void;
  reject: (error: Error) => void;
  timer: Timer;
}

interface Announced {
  stream: ByteStream;
  timer: Timer;
}

/**
 * Gives out connections by number: one side makes up an id and tells the other, who dials it. The
 * ids of the two sides are unrelated. Dialling and accepting may come in either order, within 5 s.
 * Drawn in docs/format/wire.md.
 */
export class MuxBroker {
  readonly #clock: Clock;
  readonly #session: StreamOpener;
  readonly #accepts = new Map<number, WaitingAccept>();
  readonly #announced = new Map<number, Announced>();
  #lastId = 0;
  #closedBy: Error | undefined;

  constructor(clock: Clock, session: StreamOpener) {
    this.#clock = clock;
    this.#session = session;
  }

  /** A fresh id of ours, for {@link accept}. */
  nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }

  /** The connection that the host dials with `id`. */
  async accept(id: number): Promise<ByteStream> {
    if (this.#closedBy !== undefined) throw this.#closed();
    const announced = this.#announced.get(id);
    const stream = announced === undefined ? await this.#waitFor(id) : announced.stream;
    announced?.timer.cancel();
    this.#announced.delete(id);
    try {
      await stream.write(encodeBrokerId(id));
    } catch (error) {
      stream.destroy();
      throw error;
    }
    return stream;
  }

  /** Connects to what the host serves as `id`; ids in hook arguments are good for 5 s. */
  async dial(id: number): Promise<ByteStream> {
    if (this.#closedBy !== undefined) throw this.#closed();
    const stream = await this.#session.openSoon();
    const timer = this.#clock.setTimer(brokerTimeoutMs, () => stream.destroy(timedOut('dial', id)));
    try {
      await stream.write(encodeBrokerId(id));
      const { prefix, rest } = await readPrefix(stream, 4);
      if (decodeBrokerId(prefix) === id) return rest;
      const text = `the host answered connection ${String(decodeBrokerId(prefix))} to our ${String(id)}`;
      throw new GoPluginError('GOPLUGIN_BROKER_BAD_ACK', text, { brokerId: id });
    } catch (error) {
      stream.destroy();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Takes a stream that the host opened; never rejects: a bad one is dropped. */
  async receive(stream: ByteStream): Promise<void> {
    const timer = this.#clock.setTimer(brokerTimeoutMs, () => stream.destroy());
    try {
      const { prefix, rest } = await readPrefix(stream, 4);
      this.#announce(decodeBrokerId(prefix), rest);
    } catch {
      // The host took its connection back before it had named it: nobody waits for it.
      stream.destroy();
    } finally {
      timer.cancel();
    }
  }

  /** Fails whoever waits; the streams end with the session. */
  close(error: Error): void {
    this.#closedBy ??= error;
    for (const [id, waiting] of this.#accepts)
      this.#settleAccept(id, waiting).reject(this.#closed());
    for (const { timer, stream } of this.#announced.values()) {
      timer.cancel();
      stream.destroy();
    }
    this.#announced.clear();
  }

  #announce(id: number, stream: ByteStream): void {
    const waiting = this.#accepts.get(id);
    if (waiting !== undefined) {
      this.#settleAccept(id, waiting).resolve(stream);
      return;
    }
    const isRefused =
      this.#closedBy !== undefined ||
      this.#announced.has(id) ||
      this.#announced.size >= maxAnnounced;
    if (isRefused) {
      stream.destroy();
      return;
    }
    const timer = this.#clock.setTimer(brokerTimeoutMs, () => {
      this.#announced.delete(id);
      stream.destroy();
    });
    this.#announced.set(id, { stream, timer });
  }

  #waitFor(id: number): Promise<ByteStream> {
    if (this.#accepts.has(id)) {
      const text = `connection ${String(id)} is awaited twice`;
      return Promise.reject(new GoPluginError('GOPLUGIN_BROKER_ID_IN_USE', text, { brokerId: id }));
    }
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(brokerTimeoutMs, () => {
        this.#accepts.delete(id);
        reject(timedOut('accept', id));
      });
      this.#accepts.set(id, { resolve, reject, timer });
    });
  }

  #settleAccept(id: number, waiting: WaitingAccept): WaitingAccept {
    waiting.timer.cancel();
    this.#accepts.delete(id);
    return waiting;
  }

  #closed(): GoPluginError {
    return new GoPluginError('GOPLUGIN_BROKER_CLOSED', 'the connection to the host is gone', {
      cause: this.#closedBy,
    });
  }
}

function timedOut(what: 'accept' | 'dial', id: number): GoPluginError {
  const text = `${what} of connection ${String(id)} took longer than ${String(brokerTimeoutMs)} ms`;
  return new GoPluginError('GOPLUGIN_BROKER_TIMEOUT', text, { brokerId: id });
}
