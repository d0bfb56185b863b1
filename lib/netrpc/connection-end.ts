import { RpcError, closeReason } from './errors.ts';
import type { GobConnection } from './gob-connection.ts';

/** How a connection ends: once, with a reason that everybody can ask for or wait for. */
export class ConnectionEnd {
  readonly #connection: GobConnection;
  readonly #onEnd: (reason: RpcError) => void;
  readonly #closed = Promise.withResolvers<RpcError>();
  #reason: RpcError | undefined;

  /** `onEnd` is called once, before {@link closed} resolves. */
  constructor(connection: GobConnection, onEnd: (reason: RpcError) => void) {
    this.#connection = connection;
    this.#onEnd = onEnd;
  }

  /** Why the connection has ended; undefined while it has not. */
  get reason(): RpcError | undefined {
    return this.#reason;
  }

  get closed(): Promise<RpcError> {
    return this.#closed.promise;
  }

  /** Ends with what `receiving` ends with: in order when the peer ended, else at once. */
  follow(receiving: Promise<void>): void {
    void receiving.then(
      () => this.finish(new RpcError('RPC_CLOSED', 'the peer ended the connection')),
      (cause: unknown) => this.break(cause),
    );
  }

  /** Orderly end: our direction ends behind the last message, so the peer sees no reset. */
  async finish(reason: RpcError): Promise<void> {
    if (!this.#end(reason)) return;
    try {
      await this.#connection.end();
    } catch (cause) {
      this.break(cause);
    }
  }

  /** The stream is of no more use to either side. */
  break(cause: unknown): void {
    const reason = closeReason(cause);
    this.#end(reason);
    this.#connection.destroy(reason);
  }

  #end(reason: RpcError): boolean {
    if (this.#reason !== undefined) return false;
    this.#reason = reason;
    this.#onEnd(reason);
    this.#closed.resolve(reason);
    return true;
  }
}
