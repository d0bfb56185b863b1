import type { Problem } from '../../api/index.ts';
import {
  asError,
  assert,
  codeOf,
  type Clock,
  type Logger,
  type Rng,
  type Timer,
} from '../../lib/runtime/index.ts';
import { BadMessages } from './bad-messages.ts';
import {
  type Envelope,
  encodeEnvelope,
  parseEnvelope,
  parseReply,
  type Reply,
  replyBody,
} from './envelope.ts';
import { ClusterError, type ClusterErrorCode } from './errors.ts';
import { KeptAnswers } from './kept-answers.ts';
import * as limits from './limits.ts';

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

export interface RequestOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What a handler learns besides the body. Nothing of it is proven: any node can write any name. */
export interface MessageFacts {
  from: string;
  epoch: number;
  /** Aborts when the bus stops or the handler takes too long. */
  signal: AbortSignal;
}

/** Its result is the answer; a coded error becomes a refusal. Runs once per request. */
export type Handler = (body: unknown, message: MessageFacts) => unknown;

type Message = Pick<Envelope, 'kind' | 'rid' | 'to' | 'body'>;

interface Waiting {
  to: string;
  settle: (reply: Reply | ClusterError) => void;
}

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

/** Codes of the bus itself that a refusal keeps. */
const keptCodes: ReadonlySet<string> = new Set<ClusterErrorCode>([
  'CLUSTER_BUSY',
  'CLUSTER_UNKNOWN_KIND',
  'CLUSTER_TOO_LARGE',
  'CLUSTER_TIMEOUT',
  'CLUSTER_STOPPED',
  'CLUSTER_BAD_PAYLOAD',
]);

/**
 * Messages and requests between nodes over plugin cluster events, which may get lost, come twice or
 * out of order. Everything that waits or runs is bounded.
 */
export class ClusterBus {
  readonly #ports: ClusterBusPorts;
  readonly #handlers = new Map<string, Handler>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #answers: KeptAnswers;
  readonly #badMessages: BadMessages;
  readonly #stopped = new AbortController();
  readonly #counts: BusCounts = {
    ...{ received: 0, unknownVersion: 0, unknownKind: 0, unreadable: 0, tooLarge: 0 },
    ...{ strayed: 0, refused: 0 },
  };
  #publishing = 0;
  #running = 0;

  constructor(ports: ClusterBusPorts) {
    this.#ports = ports;
    this.#answers = new KeptAnswers(ports.clock);
    this.#badMessages = new BadMessages(ports.clock, ports.logger);
  }

  /** Tells all other nodes. Rejects when the server refuses or the message is too large. */
  async publish(kind: string, body: unknown): Promise<void> {
    await this.#send({ kind, rid: '', to: '', body });
  }

  /**
   * Asks one node and waits for its answer. A request to this node itself is served here. Rejects
   * with a {@link ClusterError}, or with the server's error when it does not take the event.
   */
  request(
    kind: string,
    to: string,
    body: unknown,
    { timeoutMs = limits.requestTimeoutMs, signal }: RequestOptions = {},
  ): Promise<unknown> {
    assert(to !== '', 'a request goes to one node');
    return new Promise((resolve, reject) => {
      const refusal = this.#whyNot(signal);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const { clock, rng } = this.#ports;
      const rid = Buffer.from(rng.bytes(12)).toString('hex');
      const timers: Timer[] = [];
      const settle = (reply: Reply | Error) => {
        if (!this.#waiting.delete(rid)) return;
        for (const timer of timers) timer.cancel();
        signal?.removeEventListener('abort', cancel);
        if (reply instanceof Error) reject(reply);
        else if (reply.isOk) resolve(reply.body);
        else reject(refusalOf(kind, to, reply));
      };
      const cancel = () => settle(new ClusterError('CLUSTER_CANCELLED', `${kind} was given up.`));
      signal?.addEventListener('abort', cancel, { once: true });
      this.#waiting.set(rid, { to, settle });
      const late = `Node ${to} did not answer ${kind} within ${timeoutMs} ms.`;
      timers.push(
        clock.setTimer(timeoutMs, () => settle(new ClusterError('CLUSTER_TIMEOUT', late))),
      );
      const send = () => {
        this.#sendOrServe({ kind, rid, to, body }).catch((error: unknown) =>
          settle(asError(error)),
        );
      };
      // Events may get lost; a request that comes twice is served once.
      timers.push(clock.setTimer(timeoutMs / 3, send));
      send();
    });
  }

  /** `handler` serves the messages and requests of a kind; the answer ends that. */
  serve(kind: string, handler: Handler): () => void {
    this.#handlers.set(kind, handler);
    return () => void this.#handlers.delete(kind);
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
      this.#serve(envelope);
    }
  }

  /** Ends everything that waits or runs; nothing is sent or served any more. */
  stop(): void {
    this.#stopped.abort();
    for (const { settle } of [...this.#waiting.values()]) settle(stoppedError());
  }

  counts(): Readonly<BusCounts> {
    return { ...this.#counts };
  }

  problems(): Problem[] {
    return this.#badMessages.problems();
  }

  #whyNot(signal: AbortSignal | undefined): ClusterError | undefined {
    if (this.#stopped.signal.aborted) return stoppedError();
    if (signal?.aborted === true) {
      return new ClusterError('CLUSTER_CANCELLED', 'The request was given up before it was sent.');
    }
    if (this.#waiting.size < limits.maxWaitingRequests) return undefined;
    return new ClusterError('CLUSTER_BUSY', 'Too many requests to other nodes wait already.');
  }

  /** A request to this node itself takes the same way, but for the wire. */
  async #sendOrServe(message: Message): Promise<void> {
    if (message.to !== this.#ports.selfId) {
      await this.#send(message);
      return;
    }
    const envelope = parseEnvelope(this.#encoded(message));
    if (envelope !== undefined) this.#serve(envelope);
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
    const waiting = this.#waiting.get(envelope.rid);
    if (waiting === undefined || waiting.to !== envelope.from) {
      this.#counts.strayed++;
      return;
    }
    try {
      waiting.settle(parseReply(envelope.body));
    } catch (error) {
      this.#counts.unreadable++;
      this.#badMessages.tell((error as ClusterError).message);
    }
  }

  #serve(envelope: Envelope): void {
    const { kind, rid, from } = envelope;
    const handler = this.#handlers.get(kind);
    const request = `${from} ${rid}`;
    if (rid !== '') {
      const kept = this.#answers.get(request);
      if (kept?.kind === 'running') return;
      if (kept?.kind === 'answered') {
        this.#answer(envelope, kept.bytes);
        return;
      }
    }
    if (handler === undefined) {
      this.#counts.unknownKind++;
      this.#refuse(envelope, 'CLUSTER_UNKNOWN_KIND', `This node does not know ${kind}.`);
    } else if (this.#running >= limits.maxRunningHandlers) {
      this.#counts.refused++;
      this.#refuse(envelope, 'CLUSTER_BUSY', 'This node serves as many requests as it can.');
    } else {
      if (rid !== '') this.#answers.begin(request);
      void this.#run(handler, envelope);
    }
  }

  /** Never rejects. */
  async #run(handler: Handler, envelope: Envelope): Promise<void> {
    this.#running++;
    const reply = await this.#outcome(handler, envelope);
    this.#running--;
    if (envelope.rid === '') return;
    const bytes = this.#encodedReply(envelope, reply);
    this.#answers.end(`${envelope.from} ${envelope.rid}`, bytes);
    this.#answer(envelope, bytes);
  }

  async #outcome(handler: Handler, { kind, from, epoch, body }: Envelope): Promise<Reply> {
    const { clock, logger } = this.#ports;
    const stopped = this.#stopped.signal;
    const ended = new AbortController();
    let timer: Timer | undefined;
    let onStop: () => void = () => undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      const late = new ClusterError('CLUSTER_TIMEOUT', `${kind} took too long.`);
      timer = clock.setTimer(limits.handlerLimitMs, () => reject(late));
      onStop = () => reject(stoppedError());
      stopped.addEventListener('abort', onStop, { once: true });
    });
    try {
      const run = async () => handler(body, { from, epoch, signal: ended.signal });
      return { isOk: true, body: await Promise.race([run(), limit]) };
    } catch (thrown) {
      const error = asError(thrown);
      const code = codeOf(error);
      if (code !== undefined) return { isOk: false, code, message: error.message };
      // What has no code is a defect; its text is for this node's log alone.
      logger.error('A request of another node met a defect.', {
        code: 'CLUSTER_DEFECT',
        kind,
        error,
      });
      return { isOk: false, code: 'CLUSTER_REFUSED', message: 'The node met a defect.' };
    } finally {
      timer?.cancel();
      stopped.removeEventListener('abort', onStop);
      ended.abort();
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

  #refuse(envelope: Envelope, code: ClusterErrorCode, message: string): void {
    if (envelope.rid === '') return;
    this.#answer(envelope, this.#encodedReply(envelope, { isOk: false, code, message }));
  }

  #answer(envelope: Envelope, bytes: Uint8Array): void {
    if (envelope.from === this.#ports.selfId) {
      const reply = parseEnvelope(bytes);
      if (reply !== undefined) this.#take(reply);
      return;
    }
    this.#publish(bytes, envelope.from).catch((error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      const message = 'An answer to another node could not be sent; it asks again.';
      this.#ports.logger.debug(message, { kind: envelope.kind, error: asError(error) });
    });
  }
}

function refusalOf(kind: string, to: string, reply: Extract<Reply, { isOk: false }>): ClusterError {
  const { code, message } = reply;
  const own = keptCodes.has(code) ? (code as ClusterErrorCode) : 'CLUSTER_REFUSED';
  const text = `Node ${to} refused ${kind}: ${message}`;
  return new ClusterError(own, text, { remoteCode: code });
}

function stoppedError(): ClusterError {
  return new ClusterError('CLUSTER_STOPPED', 'This node has left the cluster.');
}
