import { Duplex } from 'node:stream';
import { httpChunkBytes } from '../limits.ts';

/**
 * One end of a connection inside the process, behaving as a socket: what is written here is read
 * there, with back-pressure; `end` half-closes; destroying one end before it has ended breaks the
 * other.
 */
class MemoryEnd extends Duplex {
  #peer: MemoryEnd | undefined;
  /** Continues the peer's write once we have room again. */
  #resume: (() => void) | undefined;
  /** Where the request came from; HTTP servers look here. */
  remoteAddress: string | undefined;

  constructor() {
    super({ highWaterMark: httpChunkBytes, allowHalfOpen: true });
  }

  join(peer: MemoryEnd): void {
    this.#peer = peer;
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    const peer = this.#peer;
    if (peer === undefined || peer.destroyed) {
      done(connectionReset());
    } else if (peer.push(chunk)) {
      done();
    } else {
      peer.#resume = done;
    }
  }

  override _final(done: (error?: Error) => void): void {
    const peer = this.#peer;
    if (peer !== undefined && !peer.destroyed) peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
    const peer = this.#peer;
    this.#peer = undefined;
    if (peer !== undefined && !peer.destroyed && !this.writableFinished) {
      // As with a socket, the other side hears of it in a later turn.
      setImmediate(() => peer.destroy(connectionReset()));
    }
    done(error);
  }
}

function connectionReset(): Error {
  return Object.assign(new Error('the other side closed the connection'), { code: 'ECONNRESET' });
}

/** Two joined ends; `remoteAddress` is what the second one, the server's, says of its client. */
export function memoryConnection(remoteAddress?: string): [client: Duplex, server: Duplex] {
  const client = new MemoryEnd();
  const server = new MemoryEnd();
  client.join(server);
  server.join(client);
  server.remoteAddress = remoteAddress;
  return [client, server];
}
