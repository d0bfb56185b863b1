import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A plugin's event on its way from one server to others. */
export interface ClusterMessage {
  /** Cluster ids. */
  from: string;
  /** Empty: all others. */
  targetId: string;
  sendType: 'reliable' | 'best_effort';
  id: string;
  /** Base64. */
  data: string;
}

/** Delivers an event to one server's plugin. */
export type Receiver = (message: ClusterMessage) => Promise<void>;

/** What becomes of a message to one receiver: false drops it, a number delays it by milliseconds. */
export type BusFault = (message: ClusterMessage, toId: string) => boolean | number;

/**
 * The gossip between the servers of a cluster: each hands its plugin's events to us over HTTP. Senders
 * are answered before anybody has received, and messages to one receiver keep their order.
 */
export class ClusterBus {
  readonly #receivers = new Map<string, Receiver>();
  readonly #queues = new Map<string, Promise<void>>();
  readonly #server: Server;
  /** Everything that was sent. */
  readonly messages: ClusterMessage[] = [];
  fault: BusFault = () => true;

  private constructor() {
    this.#server = createServer((request, response) => {
      void text(request).then((body) => {
        const failure = this.send(JSON.parse(body) as ClusterMessage);
        if (failure === undefined) response.writeHead(204).end();
        else response.writeHead(404).end(failure);
      });
    });
  }

  static async start(): Promise<ClusterBus> {
    const bus = new ClusterBus();
    await new Promise<void>((resolve) => bus.#server.listen(0, '127.0.0.1', resolve));
    return bus;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/`;
  }

  join(id: string, receiver: Receiver): void {
    this.#receivers.set(id, receiver);
  }

  leave(id: string): void {
    this.#receivers.delete(id);
  }

  /** Sends a message, forged ones included; returns why it cannot be sent. */
  send(message: ClusterMessage): string | undefined {
    const { from, targetId } = message;
    if (targetId !== '' && !this.#receivers.has(targetId)) return 'no such node';
    this.messages.push(message);
    for (const id of this.#receivers.keys()) {
      if (targetId === '' ? id !== from : id === targetId) this.#pass(message, id);
    }
    return undefined;
  }

  async stop(): Promise<void> {
    this.#receivers.clear();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(message: ClusterMessage, id: string): void {
    const verdict = this.fault(message, id);
    if (verdict === false) return;
    const delayMs = verdict === true ? 0 : verdict;
    const before = this.#queues.get(id) ?? Promise.resolve();
    const deliver = async () => {
      await before;
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      // A server that does not run, or whose plugin does not, hears nothing.
      await this.#receivers
        .get(id)?.(message)
        .catch(() => undefined);
    };
    this.#queues.set(id, deliver());
  }
}
