import type { ByteStream } from '../bytes/index.ts';
import {
  GobError,
  asStruct,
  bigintField,
  emptyStruct,
  stringField,
  type GobInput,
  type GobSchema,
  type GobValue,
} from '../gob/index.ts';
import { errorText } from '../runtime/index.ts';
import { ConnectionEnd } from './connection-end.ts';
import { RpcError } from './errors.ts';
import { GobConnection, type GobConnectionOptions } from './gob-connection.ts';
import { rpcServerLimits } from './limits.ts';
import { responseHeader } from './message.ts';

/** What a handler may know about its request. */
export interface RpcCallContext {
  /** `Service.Method` as it was called. */
  readonly method: string;
  /** Aborts when the connection ends: nobody waits for the reply any more. */
  readonly signal: AbortSignal;
}

/** One method: the schema of its reply and what makes it. Build it with {@link rpcMethod}. */
export interface RpcMethod {
  readonly reply: GobSchema;
  /** An error thrown here reaches the caller as its message. */
  readonly handle: (argument: GobValue, context: RpcCallContext) => unknown;
}

/** Methods by `Service.Method`. */
export type RpcHandlers = Readonly<Record<string, RpcMethod>>;

/** A method whose result is checked against the schema of the reply by the compiler. */
export function rpcMethod<S extends GobSchema>(
  reply: S,
  handle: (argument: GobValue, context: RpcCallContext) => GobInput<S> | Promise<GobInput<S>>,
): RpcMethod {
  return { reply, handle };
}

export interface RpcServerOptions extends GobConnectionOptions {
  /** Requests above this number are answered at once with an error. */
  maxRequestsInFlight?: number;
}

/**
 * Serves Go `net/rpc` clients on one stream, which it owns. Requests run concurrently and are
 * answered in the order in which they end.
 */
export class RpcServer {
  readonly #connection: GobConnection;
  readonly #handlers: ReadonlyMap<string, RpcMethod>;
  readonly #services: ReadonlySet<string | undefined>;
  readonly #maxRequestsInFlight: number;
  readonly #abort = new AbortController();
  readonly #end: ConnectionEnd;
  #inFlight = 0;

  constructor(stream: ByteStream, handlers: RpcHandlers, options: RpcServerOptions = {}) {
    this.#connection = new GobConnection(stream, options);
    this.#handlers = new Map(Object.entries(handlers));
    this.#services = new Set([...this.#handlers.keys()].map(serviceOf));
    this.#maxRequestsInFlight = options.maxRequestsInFlight ?? rpcServerLimits.maxRequestsInFlight;
    this.#end = new ConnectionEnd(this.#connection, (reason) => {
      this.#ended(reason);
    });
    this.#end.follow(this.#receiveRequests());
  }

  /** Resolves, never rejects, with the reason once the connection is over. */
  get closed(): Promise<RpcError> {
    return this.#end.closed;
  }

  get requestsInFlight(): number {
    return this.#inFlight;
  }

  /** Ends the connection after the replies that are on their way; running handlers are told. */
  close(): Promise<void> {
    return this.#end.finish(new RpcError('RPC_CLOSED', 'the connection was closed on this side'));
  }

  async #receiveRequests(): Promise<void> {
    for (;;) {
      const value = await this.#connection.receive();
      if (value === undefined) return;
      const header = asStruct(value);
      const method = stringField(header, 'ServiceMethod');
      const seq = bigintField(header, 'Seq');
      const argument = await this.#receiveArgument();
      if (argument instanceof GobError) {
        await this.#refuse(method, seq, argument.message);
        continue;
      }
      const handler = this.#handlers.get(method);
      if (handler === undefined) {
        await this.#refuse(method, seq, this.#unknownMethod(method));
      } else if (this.#inFlight >= this.#maxRequestsInFlight) {
        await this.#refuse(method, seq, 'rpc: too many requests in flight');
      } else {
        this.#start(method, seq, handler, argument.value);
      }
    }
  }

  /** An argument that does not decode is answered; only broken framing ends the connection. */
  async #receiveArgument(): Promise<GobError | { value: GobValue }> {
    try {
      const value = await this.#connection.receive();
      if (value === undefined) {
        throw new RpcError('RPC_CLOSED', 'the peer ended the connection before an argument');
      }
      return { value };
    } catch (cause) {
      if (cause instanceof GobError && !cause.isFatal) return cause;
      throw cause;
    }
  }

  #unknownMethod(method: string): string {
    const service = serviceOf(method);
    if (service === undefined) return `rpc: service/method request ill-formed: ${method}`;
    const what = this.#services.has(service) ? 'method' : 'service';
    return `rpc: can't find ${what} ${method}`;
  }

  #start(method: string, seq: bigint, handler: RpcMethod, argument: GobValue): void {
    this.#inFlight++;
    void this.#run(method, seq, handler, argument)
      // Only writing can fail here, and then the connection is of no more use.
      .catch((cause: unknown) => this.#end.break(cause))
      .finally(() => {
        this.#inFlight--;
      });
  }

  async #run(method: string, seq: bigint, handler: RpcMethod, argument: GobValue): Promise<void> {
    let reply: unknown;
    try {
      reply = await handler.handle(argument, { method, signal: this.#abort.signal });
    } catch (error) {
      await this.#refuse(method, seq, errorText(error));
      return;
    }
    if (this.#end.reason !== undefined) return;
    try {
      await this.#connection.send([
        { schema: responseHeader, value: { ServiceMethod: method, Seq: wireSeq(seq) } },
        { schema: handler.reply, value: reply },
      ]);
    } catch (error) {
      if (!(error instanceof GobError)) throw error;
      await this.#refuse(method, seq, `reply cannot be encoded: ${error.message}`);
    }
  }

  async #refuse(method: string, seq: bigint, text: string): Promise<void> {
    if (this.#end.reason !== undefined) return;
    // An empty text would mean success.
    const header = {
      ServiceMethod: method,
      Seq: wireSeq(seq),
      Error: text === '' ? 'error' : text,
    };
    await this.#connection.send([
      { schema: responseHeader, value: header },
      { schema: emptyStruct, value: {} },
    ]);
  }

  #ended(reason: RpcError): void {
    this.#abort.abort(reason);
  }
}

/** The text before the last dot, or undefined without a dot. */
function serviceOf(method: string): string | undefined {
  const dot = method.lastIndexOf('.');
  return dot < 0 ? undefined : method.slice(0, dot);
}

/** Go leaves a zero number out. */
function wireSeq(seq: bigint): bigint | undefined {
  return seq === 0n ? undefined : seq;
}
