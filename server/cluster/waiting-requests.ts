import { asError, type Clock, type Rng, type Timer } from '../../lib/runtime/index.ts';
import type { Reply } from './envelope.ts';
import { ClusterError, stoppedError, type ClusterErrorCode } from './errors.ts';
import * as limits from './limits.ts';

export interface RequestOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What is asked of which node. */
interface Question {
  kind: string;
  to: string;
}

interface Waiting {
  to: string;
  settle: (reply: Reply | ClusterError) => void;
}

/** Codes of the bus itself that a refusal keeps. */
const keptCodes: ReadonlySet<string> = new Set<ClusterErrorCode>([
  'CLUSTER_BUSY',
  'CLUSTER_UNKNOWN_KIND',
  'CLUSTER_TOO_LARGE',
  'CLUSTER_TIMEOUT',
  'CLUSTER_STOPPED',
  'CLUSTER_BAD_PAYLOAD',
]);

/** Requests of this node that wait for the answers of others. */
export class WaitingRequests {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #waiting = new Map<string, Waiting>();
  #isStopped = false;

  constructor(clock: Clock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  /** Sends a request under a new id, twice if need be, and waits for its answer. */
  ask(
    question: Question,
    { timeoutMs = limits.requestTimeoutMs, signal }: RequestOptions,
    send: (rid: string) => Promise<void>,
  ): Promise<unknown> {
    const refusal = this.#whyNot(signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    const { kind, to } = question;
    const rid = Buffer.from(this.#rng.bytes(12)).toString('hex');
    return new Promise((resolve, reject) => {
      const timers: Timer[] = [];
      const settle = (reply: Reply | Error) => {
        if (!this.#waiting.delete(rid)) return;
        for (const timer of timers) timer.cancel();
        signal?.removeEventListener('abort', cancel);
        if (reply instanceof Error) reject(reply);
        else if (reply.isOk) resolve(reply.body);
        else reject(refusalOf(question, reply));
      };
      const cancel = () => settle(new ClusterError('CLUSTER_CANCELLED', `${kind} was given up.`));
      signal?.addEventListener('abort', cancel, { once: true });
      this.#waiting.set(rid, { to, settle });
      const late = `Node ${to} did not answer ${kind} within ${timeoutMs} ms.`;
      const isLate = () => settle(new ClusterError('CLUSTER_TIMEOUT', late));
      const sendNow = () => void send(rid).catch((error: unknown) => settle(asError(error)));
      // Events may get lost; a request that comes twice is served once.
      timers.push(this.#clock.setTimer(timeoutMs, isLate));
      timers.push(this.#clock.setTimer(timeoutMs / 3, sendNow));
      sendNow();
    });
  }

  /** Takes the answer of a node; undefined when nobody waits for one of it. */
  taker(rid: string, from: string): ((reply: Reply) => void) | undefined {
    const waiting = this.#waiting.get(rid);
    return waiting?.to === from ? waiting.settle : undefined;
  }

  /** Ends all of them, and takes no more. */
  stop(): void {
    this.#isStopped = true;
    for (const { settle } of [...this.#waiting.values()]) settle(stoppedError());
  }

  #whyNot(signal: AbortSignal | undefined): ClusterError | undefined {
    if (this.#isStopped) return stoppedError();
    if (signal?.aborted === true) {
      return new ClusterError('CLUSTER_CANCELLED', 'The request was given up before it was sent.');
    }
    if (this.#waiting.size < limits.maxWaitingRequests) return undefined;
    return new ClusterError('CLUSTER_BUSY', 'Too many requests to other nodes wait already.');
  }
}

function refusalOf({ kind, to }: Question, reply: Extract<Reply, { isOk: false }>): ClusterError {
  const { code, message } = reply;
  const own = keptCodes.has(code) ? (code as ClusterErrorCode) : 'CLUSTER_REFUSED';
  const text = `Node ${to} refused ${kind}: ${message}`;
  return new ClusterError(own, text, { remoteCode: code });
}
