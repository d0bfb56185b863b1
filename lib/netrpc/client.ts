import type { ByteStream } from '../bytes/index.ts';
import {
  GobError,
  asStruct,
  intField,
  stringField,
  type GobInput,
  type GobSchema,
  type GobValue,
} from '../gob/index.ts';
import { systemClock, type Clock, type Timer } from '../runtime/index.ts';
import { ConnectionEnd } from './connection-end.ts';
import { RpcError, closeReason } from './errors.ts';
import { GobConnection, type GobConnectionOptions } from './gob-connection.ts';
import { rpcClientLimits } from './limits.ts';
import { requestHeader } from './message.ts';

export interface RpcClientOptions extends GobConnectionOptions {
  clock?: Clock;
  /** Applied to calls that name no timeout; none by default, as the protocol has none. */
  callTimeoutMs?: number;
  maxPendingCalls?: number;
}

export interface RpcCallOptions {
  /** Rejects the call after this time. The peer is not told and may still run it. */
  timeoutMs?: number;
  /** Aborting rejects the call. The peer is not told. */
  signal?: AbortSignal;
}

interface PendingCall {
  method: string;
  /** Undefined once the caller has been answered; the place stays taken until the peer replies. */
  settle: ((outcome: RpcError | { reply: GobValue }) => void) | undefined;
}

/** Calls methods of a Go `net/rpc` server. The client owns the stream. */
export class RpcClient {
  readonly #connection: GobConnection;
  readonly #clock: Clock;
  readonly #callTimeoutMs: number | undefined;
  readonly #maxPendingCalls: number;
  readonly #pending = new Map<number, PendingCall>();
  #nextSeq = 0;
  readonly #end: ConnectionEnd;

  constructor(stream: ByteStream, options: RpcClientOptions = {}) {
    this.#connection = new GobConnection(stream, options);
    this.#clock = options.clock ?? systemClock;
    this.#callTimeoutMs = options.callTimeoutMs;
    this.#maxPendingCalls = options.maxPendingCalls ?? rpcClientLimits.maxPendingCalls;
    this.#end = new ConnectionEnd(this.#connection, (reason) => {
      this.#ended(reason);
    });
    this.#end.follow(this.#receiveReplies());
  }

  /** Resolves, never rejects, with the reason once no more calls can be made. */
  get closed(): Promise<RpcError> {
    return this.#end.closed;
  }

  get isClosed(): boolean {
    return this.#end.reason !== undefined;
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  /** Calls `method` (`Service.Method`) and resolves with the decoded reply. */
  call<S extends GobSchema>(
    method: string,
    schema: S,
    argument: GobInput<S>,
    options: RpcCallOptions = {},
  ): Promise<GobValue> {
    const refusal = this.#refusal(method, options.signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    const seq = this.#nextSeq++;
    return new Promise<GobValue>((resolve, reject) => {
      const stopWatching = this.#watch(seq, method, options);
      this.#pending.set(seq, {
        method,
        settle: (outcome) => {
          stopWatching();
          if (outcome instanceof RpcError) reject(outcome);
          else resolve(outcome.reply);
        },
      });
      void this.#send(seq, method, schema, argument).then((failure) => {
        if (failure === undefined) return;
        // Nothing of this request is on the wire: its place is free again.
        stopWatching();
        this.#pending.delete(seq);
        reject(failure);
      });
    });
  }

  /** Ends the connection; calls that are pending reject. */
  close(): Promise<void> {
    return this.#end.finish(new RpcError('RPC_CLOSED', 'the connection was closed on this side'));
  }

  #refusal(method: string, signal: AbortSignal | undefined): RpcError | undefined {
    if (this.#end.reason !== undefined) {
      const { message } = this.#end.reason;
      return new RpcError('RPC_CLOSED', `${method}: ${message}`, {
        method,
        cause: this.#end.reason,
      });
    }
    if (signal?.aborted === true) return cancelled(method);
    if (this.#pending.size >= this.#maxPendingCalls) {
      const message = `${method}: ${String(this.#pending.size)} calls are waiting for replies`;
      return new RpcError('RPC_TOO_MANY_CALLS', message, { method });
    }
    return undefined;
  }

  #watch(seq: number, method: string, options: RpcCallOptions): () => void {
    const timeoutMs = options.timeoutMs ?? this.#callTimeoutMs;
    let timer: Timer | undefined;
    if (timeoutMs !== undefined) {
      timer = this.#clock.setTimer(timeoutMs, () => {
        const message = `${method}: no reply within ${String(timeoutMs)} ms`;
        this.#abandon(seq, new RpcError('RPC_TIMEOUT', message, { method }));
      });
    }
    const cancel = () => this.#abandon(seq, cancelled(method));
    options.signal?.addEventListener('abort', cancel, { once: true });
    return () => {
      timer?.cancel();
      options.signal?.removeEventListener('abort', cancel);
    };
  }

  /** Sends a request; resolves with what kept it from being sent. */
  async #send(
    seq: number,
    method: string,
    schema: GobSchema,
    argument: unknown,
  ): Promise<RpcError | undefined> {
    // A zero Seq is left out, as Go does.
    const header = { ServiceMethod: method, Seq: seq === 0 ? undefined : seq };
    try {
      await this.#connection.send([
        { schema: requestHeader, value: header },
        { schema, value: argument },
      ]);
      return undefined;
    } catch (cause) {
      if (cause instanceof GobError) {
        const message = `${method}: ${cause.message}`;
        return new RpcError('RPC_BAD_ARGUMENT', message, { method, cause });
      }
      this.#end.break(cause);
      return closeReason(cause);
    }
  }

  async #receiveReplies(): Promise<void> {
    for (;;) {
      const value = await this.#connection.receive();
      if (value === undefined) return;
      const header = asStruct(value);
      const seq = intField(header, 'Seq');
      const error = stringField(header, 'Error');
      const call = this.#pending.get(seq);
      if (call === undefined && this.#end.reason === undefined) {
        throw new RpcError('RPC_BAD_MESSAGE', `reply ${String(seq)} to nothing that was asked`);
      }
      const reply = await this.#receiveReply(call?.method ?? 'closed');
      if (call === undefined) continue;
      this.#pending.delete(seq);
      if (error === '') call.settle?.(reply);
      else call.settle?.(new RpcError('RPC_REMOTE', error, { method: call.method }));
    }
  }

  /** A reply that does not decode fails its call; the connection goes on unless it is fatal. */
  async #receiveReply(method: string): Promise<RpcError | { reply: GobValue }> {
    try {
      const reply = await this.#connection.receive();
      if (reply === undefined) {
        throw new RpcError('RPC_CLOSED', 'the peer ended the connection before a reply');
      }
      return { reply };
    } catch (cause) {
      if (!(cause instanceof GobError) || cause.isFatal) throw cause;
      const message = `${method}: reply does not decode: ${cause.message}`;
      return new RpcError('RPC_BAD_MESSAGE', message, { method, cause });
    }
  }

  #abandon(seq: number, reason: RpcError): void {
    const call = this.#pending.get(seq);
    call?.settle?.(reason);
    if (call !== undefined) call.settle = undefined;
  }

  #ended(reason: RpcError): void {
    for (const { method, settle } of this.#pending.values()) {
      const message = `${method}: ${reason.message}`;
      settle?.(new RpcError('RPC_CLOSED', message, { method, cause: reason }));
    }
    this.#pending.clear();
  }
}

function cancelled(method: string): RpcError {
  return new RpcError('RPC_CANCELLED', `${method}: cancelled by the caller`, { method });
}
