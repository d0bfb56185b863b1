import {
  Agent,
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request on its way to the server behind. */
export interface ProxiedRequest {
  /** Counts from 0. */
  number: number;
  method: string;
  /** Path and query. */
  path: string;
}

/** What becomes of a request. */
export type ProxyFault =
  /**
   * The connection ends: before the server has heard of it, with half of its bytes there, or when the
   * server has done it and answered.
   */
  | { kind: 'cut'; at: 'before' | 'within' | 'after' }
  /** The answer ends behind that many bytes of its body. */
  | { kind: 'truncate'; afterBytes: number }
  /** The answer comes late, or never. */
  | { kind: 'delay'; delayMs: number }
  /** An answer that the server never gave. */
  | { kind: 'answer'; status: number; headers: Record<string, string>; body: string };

/** Stands before a server of objects and does to its requests what a test says. */
export class FaultProxy {
  /** What was asked, refused requests included. */
  readonly requests: ProxiedRequest[] = [];
  fault: (request: ProxiedRequest) => ProxyFault | undefined = () => undefined;
  readonly #upstream: { host: string; port: number };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(upstream: string, tls?: { key: Buffer; cert: Buffer }) {
    const [host = '', port = ''] = upstream.split(':');
    this.#upstream = { host, port: Number(port) };
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => request.socket.destroy());
    };
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  }

  /** Listens on loopback before `upstream`, `host:port`. */
  static async start(upstream: string, tls?: { key: Buffer; cert: Buffer }): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream, tls);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get endpoint(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** Forgets what was asked and does nothing to what will be. */
  heal(): void {
    this.requests.length = 0;
    this.fault = () => undefined;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    const seen = { number: this.requests.length, method, path };
    this.requests.push(seen);
    const fault = this.fault(seen);
    switch (fault?.kind) {
      case 'answer':
        // An answer before the end of the request is one that real servers avoid, too.
        await readAll(request);
        response.writeHead(fault.status, fault.headers);
        response.end(method === 'HEAD' ? undefined : fault.body);
        return;
      case 'cut':
        await this.#cut(request, fault.at);
        return;
      case 'delay':
        await this.#pause(fault.delayMs);
        await this.#pass(request, response, Infinity);
        return;
      default:
        await this.#pass(request, response, fault?.afterBytes ?? Infinity);
    }
  }

  async #cut(request: IncomingMessage, at: 'before' | 'within' | 'after'): Promise<void> {
    if (at !== 'before') {
      const body = await readAll(request);
      const answer = await this.#forward(request, body, at === 'within');
      answer?.resume();
    }
    request.socket.destroy();
  }

  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    limitBytes: number,
  ): Promise<void> {
    const answer = await this.#forward(request, await readAll(request), false);
    response.writeHead(answer?.statusCode ?? 500, answer?.headers);
    if (answer !== undefined) await passOn(answer, response, limitBytes);
  }

  /** The server's answer; undefined when only half of the request was sent. */
  #forward(
    request: IncomingMessage,
    body: Buffer,
    isHalf: boolean,
  ): Promise<IncomingMessage | undefined> {
    const { headers, method, url: path } = request;
    return new Promise((resolve, reject) => {
      const agent = this.#agent;
      const onward = sendRequest({ ...this.#upstream, agent, headers, method, path }, resolve);
      onward.once('error', (error) => {
        if (isHalf) resolve(undefined);
        else reject(error);
      });
      if (!isHalf || body.length === 0) {
        onward.end(body);
        return;
      }
      onward.write(body.subarray(0, body.length / 2), () => {
        onward.socket?.resetAndDestroy();
        onward.destroy();
        resolve(undefined);
      });
    });
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, delayMs);
      this.#timers.add(timer);
    });
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function passOn(
  answer: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
): Promise<void> {
  let leftBytes = limitBytes;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, leftBytes);
    leftBytes -= part.length;
    if (!response.write(part) && !(await drained(response))) return;
    if (leftBytes > 0) continue;
    // What was written has to arrive before the end of the connection does.
    await new Promise((resolve) => response.socket?.write('', resolve));
    response.socket?.destroy();
    return;
  }
  response.end();
}

/** Whether more can be written; false when nobody reads on. */
function drained(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isOpen: boolean) => {
      response.off('drain', onDrain).off('close', onClose);
      resolve(isOpen);
    };
    const onDrain = () => end(true);
    const onClose = () => end(false);
    response.once('drain', onDrain).once('close', onClose);
  });
}
