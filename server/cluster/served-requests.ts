import { asError, codeOf, type Clock, type Logger, type Timer } from '../../lib/runtime/index.ts';
import type { Envelope, Reply } from './envelope.ts';
import { ClusterError, stoppedError } from './errors.ts';
import { KeptAnswers } from './kept-answers.ts';
import * as limits from './limits.ts';

/** What a handler learns besides the body. Nothing of it is proven: any node can write any name. */
export interface MessageFacts {
  from: string;
  epoch: number;
  /** Aborts when the bus stops or the handler takes too long. */
  signal: AbortSignal;
}

/** Its result is the answer; a coded error becomes a refusal. Runs once per request. */
export type Handler = (body: unknown, message: MessageFacts) => unknown;

export interface ServedPorts {
  clock: Clock;
  logger: Logger;
  /** Aborts when nothing is served any more. */
  stopped: AbortSignal;
  encode(envelope: Envelope, reply: Reply): Uint8Array;
  /** Brings an answer on its way; it must not throw. */
  answer(envelope: Envelope, bytes: Uint8Array): void;
  /** Told what was not served. */
  count(what: 'refused' | 'unknownKind'): void;
}

/** Messages and requests of other nodes: each is served once, however often it comes. */
export class ServedRequests {
  readonly #ports: ServedPorts;
  readonly #handlers = new Map<string, Handler>();
  readonly #answers: KeptAnswers;
  #running = 0;

  constructor(ports: ServedPorts) {
    this.#ports = ports;
    this.#answers = new KeptAnswers(ports.clock);
  }

  /** `handler` serves the messages and requests of a kind; the answer ends that. */
  handle(kind: string, handler: Handler): () => void {
    this.#handlers.set(kind, handler);
    return () => void this.#handlers.delete(kind);
  }

  /** Does not wait. */
  serve(envelope: Envelope): void {
    const { kind, rid } = envelope;
    if (rid !== '') {
      const kept = this.#answers.get(nameOf(envelope));
      if (kept?.kind === 'running') return;
      if (kept?.kind === 'answered') {
        this.#ports.answer(envelope, kept.bytes);
        return;
      }
    }
    const handler = this.#handlers.get(kind);
    if (handler === undefined) {
      this.#ports.count('unknownKind');
      const message = `This node does not know ${kind}.`;
      this.#refuse(envelope, { isOk: false, code: 'CLUSTER_UNKNOWN_KIND', message });
    } else if (this.#running >= limits.maxRunningHandlers) {
      this.#ports.count('refused');
      const message = 'This node serves as many requests as it can.';
      this.#refuse(envelope, { isOk: false, code: 'CLUSTER_BUSY', message });
    } else {
      if (rid !== '') this.#answers.begin(nameOf(envelope));
      void this.#run(handler, envelope);
    }
  }

  /** Never rejects. */
  async #run(handler: Handler, envelope: Envelope): Promise<void> {
    this.#running++;
    const reply = await this.#outcome(handler, envelope);
    this.#running--;
    if (envelope.rid === '') return;
    const bytes = this.#ports.encode(envelope, reply);
    this.#answers.end(nameOf(envelope), bytes);
    this.#ports.answer(envelope, bytes);
  }

  async #outcome(handler: Handler, { kind, from, epoch, body }: Envelope): Promise<Reply> {
    const { clock, logger, stopped } = this.#ports;
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
      const what = 'A request of another node met a defect';
      logger.error(what, { code: 'CLUSTER_DEFECT', kind, error });
      return { isOk: false, code: 'CLUSTER_REFUSED', message: 'The node met a defect.' };
    } finally {
      timer?.cancel();
      stopped.removeEventListener('abort', onStop);
      ended.abort();
    }
  }

  #refuse(envelope: Envelope, reply: Reply): void {
    if (envelope.rid === '') return;
    this.#ports.answer(envelope, this.#ports.encode(envelope, reply));
  }
}

/** Ids are drawn by who asks: two nodes may draw the same. */
function nameOf({ from, rid }: Envelope): string {
  return `${from} ${rid}`;
}
