import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * What becomes of connections: `refuse` ends them and takes no new ones, `swallow` takes them and passes
 * nothing on, as a firewall does that drops packets.
 */
export type LinkState = 'pass' | 'refuse' | 'swallow';

/** Stands before a server on loopback; passes bytes on until a test says otherwise. */
export class TcpProxy {
  readonly #upstreamPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;
  #state: LinkState = 'pass';
  /** How late the server's bytes come. */
  delayMs = 0;
  /** The server's answers on a connection end behind that many bytes. */
  truncateAfterBytes = Infinity;

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#server = createServer();
  }

  static async start(upstreamPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(upstreamPort);
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Changes what becomes of all connections, those that exist included. */
  async set(state: LinkState): Promise<void> {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    if (state === 'refuse') {
      for (const socket of this.#sockets) socket.resetAndDestroy();
      await new Promise((resolve) => this.#server.close(resolve));
    } else if (before === 'refuse') await this.#listen();
    if (state !== 'pass') return;
    // What was swallowed is lost for ever: the ends must not wait for it.
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen(): Promise<void> {
    this.#server = createServer((near) => this.#serve(near));
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #serve(near: Socket): void {
    const far = connect(this.#upstreamPort, '127.0.0.1');
    let answered = 0;
    this.#pair(near, far);
    near.on('data', (bytes: Buffer) => {
      if (this.#state === 'pass') far.write(bytes);
    });
    far.on('data', (bytes: Buffer) => {
      if (this.#state !== 'pass') return;
      const rest = Math.max(0, this.truncateAfterBytes - answered);
      answered += bytes.length;
      const sent = bytes.subarray(0, rest);
      const pass = () => {
        if (!near.writable) return;
        near.write(sent);
        if (sent.length < bytes.length) near.end();
      };
      if (this.delayMs === 0) pass();
      else setTimeout(pass, this.delayMs);
    });
  }

  /** One goes with the other. */
  #pair(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
