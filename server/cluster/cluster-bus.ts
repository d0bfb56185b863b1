import type { Problem } from '../../api/index.ts';
import { asError, assert, type Clock, type Logger, type Rng } from '../../lib/runtime/index.ts';
import { BadMessages } from './bad-messages.ts';
import {
  encodeEnvelope,
  parseEnvelope,
  parseReply,
  replyBody,
  type Envelope,
  type Reply,
} from './envelope.ts';
import { ClusterError, stoppedError } from './errors.ts';
import * as limits from './limits.ts';
import { ServedRequests, type Handler } from './served-requests.ts';
import { WaitingRequests, type RequestOptions } from './waiting-requests.ts';

/** A plugin cluster event as the server hands it over. */
export interface ClusterEvent {
  id: string;
  data: Uint8Array;
}

export interface ClusterBusPorts {
  api: {
    publishPluginClusterEvent(
      event: ClusterEvent,
      options: { sendType: 'reliable' | 'best_effort'; targetId?: string },
    ): Promise<void>;
  };
  clock: Clock;
  rng: Rng;
  logger: Logger;
  /** Cluster id of this node: where events for it go. */
  selfId: string;
  /** Epoch of the lease as this node knows it. */
  epoch(): number;
}

type Message = Pick<Envelope, 'kind' | 'rid' | 'to' | 'body'>;

/** How many events came, and what became of those that were not served. */
export interface BusCounts {
  received: number;
  unknownVersion: number;
  unknownKind: number;
  unreadable: number;
  tooLarge: number;
  /** For another node, of another sender, an answer that nobody waits for. */
  strayed: number;
  refused: number;
}

const eventId = 'metrics';
const replyKind = 'reply';

/**
 * Messages and requests between nodes over plugin cluster events, which may get lost, come twice or
 * out of order. Everything that waits or runs is bounded.
 */
export class ClusterBus {
  readonly #ports: ClusterBusPorts;
  readonly #waiting: WaitingRequests;
  readonly #served: ServedRequests;
  readonly #badMessages: BadMessages;
  readonly #stopped = new AbortController();
  readonly #counts: BusCounts = {
    ...{ received: 0, unknownVersion: 0, unknownKind: 0, unreadable: 0, tooLarge: 0 },
    ...{ strayed: 0, refused: 0 },
  };
  #publishing = 0;

  constructor(ports: ClusterBusPorts) {
    this.#ports = ports;
    const { clock, logger, rng } = ports;
    this.#waiting = new WaitingRequests(clock, rng);
    this.#served = new ServedRequests({
      ...{ clock, logger, stopped: this.#stopped.signal },
      encode: (envelope, reply) => this.#encodedReply(envelope, reply),
      answer: (envelope, bytes) => this.#answer(envelope, bytes),
      count: (what) => this.#counts[what]++,
    });
    this.#badMessages = new BadMessages(clock, logger);
  }

  /** Tells all other nodes. Rejects when the server refuses or the message is too large. */
  async publish(kind: string, body: unknown): Promise<void> {
    await this.#send({ kind, rid: '', to: '', body });
  }

  /**
   * Asks one node and waits for its answer. A request to this node itself is served here. Rejects
   * with a {@link ClusterError}, or with the server's error when it does not take the event.
   */
  request(kind: string, to: string, body: unknown, options: RequestOptions = {}): Promise<unknown> {
    assert(to !== '', 'a request goes to one node');
    return this.#waiting.ask({ kind, to }, options, (rid) =>
      this.#sendOrServe({ kind, rid, to, body }),
    );
  }

  /** `handler` serves the messages and requests of a kind; the answer ends that. */
  serve(kind: string, handler: Handler): () => void {
    return this.#served.handle(kind, handler);
  }

  /** An event came. Never throws and does not wait: the server's hook must not be held. */
  receive(event: ClusterEvent): void {
    if (this.#stopped.signal.aborted) return;
    this.#counts.received++;
    if (event.id !== eventId) {
      this.#counts.strayed++;
      return;
    }
    const envelope = this.#parsed(event.data);
    if (envelope === undefined) return;
    const { selfId } = this.#ports;
    if (envelope.from === selfId || (envelope.to !== '' && envelope.to !== selfId)) {
      this.#counts.strayed++;
    } else if (envelope.kind === replyKind) {
      this.#take(envelope);
    } else {
      this.#served.serve(envelope);
    }
  }

  /** Ends everything that waits or runs; nothing is sent or served any more. */
  stop(): void {
    this.#stopped.abort();
    this.#waiting.stop();
  }

  counts(): Readonly<BusCounts> {
    return { ...this.#counts };
  }

  problems(): Problem[] {
    return this.#badMessages.problems();
  }

  /** A request to this node itself takes the same way, but for the wire. */
  async #sendOrServe(message: Message): Promise<void> {
    if (message.to !== this.#ports.selfId) {
      await this.#send(message);
      return;
    }
    const envelope = parseEnvelope(this.#encoded(message));
    if (envelope !== undefined) this.#served.serve(envelope);
  }

  async #send(message: Message): Promise<void> {
    await this.#publish(this.#encoded(message), message.to);
  }

  #encoded(message: Message): Uint8Array {
    return encodeEnvelope({ ...message, from: this.#ports.selfId, epoch: this.#ports.epoch() });
  }

  async #publish(data: Uint8Array, targetId: string): Promise<void> {
    if (this.#stopped.signal.aborted) throw stoppedError();
    if (this.#publishing >= limits.maxWaitingRequests) {
      throw new ClusterError('CLUSTER_BUSY', 'The server does not take events fast enough.');
    }
    this.#publishing++;
    try {
      const event = { id: eventId, data };
      await this.#ports.api.publishPluginClusterEvent(event, { sendType: 'reliable', targetId });
    } finally {
      this.#publishing--;
    }
  }

  #parsed(data: Uint8Array): Envelope | undefined {
    try {
      const envelope = parseEnvelope(data);
      if (envelope === undefined) this.#counts.unknownVersion++;
      return envelope;
    } catch (error) {
      const { code, message } = error as ClusterError;
      if (code === 'CLUSTER_TOO_LARGE') this.#counts.tooLarge++;
      else this.#counts.unreadable++;
      this.#badMessages.tell(message);
      return undefined;
    }
  }

  #take(envelope: Envelope): void {
    const take = this.#waiting.taker(envelope.rid, envelope.from);
    if (take === undefined) {
      this.#counts.strayed++;
      return;
    }
    try {
      take(parseReply(envelope.body));
    } catch (error) {
      this.#counts.unreadable++;
      this.#badMessages.tell((error as ClusterError).message);
    }
  }

  #encodedReply(envelope: Envelope, reply: Reply): Uint8Array {
    const { rid, from: to } = envelope;
    const encode = (body: Reply) =>
      this.#encoded({ kind: replyKind, rid, to, body: replyBody(body) });
    try {
      return encode(
        reply.isOk ? reply : { ...reply, message: reply.message.slice(0, limits.maxRefusalLength) },
      );
    } catch (error) {
      // Too large, or nothing that JSON can carry.
      const { code, message } = error as ClusterError;
      const known = code === 'CLUSTER_TOO_LARGE' ? code : 'CLUSTER_REFUSED';
      return encode({ isOk: false, code: known, message });
    }
  }

  #answer(envelope: Envelope, bytes: Uint8Array): void {
    if (envelope.from === this.#ports.selfId) {
      const reply = parseEnvelope(bytes);
      if (reply !== undefined) this.#take(reply);
      return;
    }
    this.#publish(bytes, envelope.from).catch((error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      const message = 'An answer to another node could not be sent; it asks again';
      this.#ports.logger.debug(message, { kind: envelope.kind, error: asError(error) });
    });
  }
}
