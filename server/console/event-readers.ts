import type { Clock } from '../../lib/runtime/index.ts';
import { isServerId } from '../mattermost/index.ts';

/** Whoever has not asked for so long has closed the page; an open one asks each half minute. */
const staysMs = 5 * 60_000;

/** The other nodes are told of who is still there twice within that time. */
const tellAgainMs = 2 * 60_000;

/** Each is told of by a call of its own: whoever comes when there are more has to ask at a pace. */
const maxReaders = 32;

export interface EventReadersOptions {
  clock: Pick<Clock, 'monotonicMs'>;
  /** Tells the other nodes; they may hear of it or not. It must not throw. */
  tell: (userId: string) => void;
}

interface Reader {
  seenMs: number;
  /** Undefined when the other nodes know it from somebody else. */
  toldMs: number | undefined;
}

/**
 * Who looks at the console with a delegated permission alone: the server sends what is for
 * administrators not to them, so that events have to name them. They are known from what they ask,
 * on whichever node.
 */
export class EventReaders {
  readonly #options: EventReadersOptions;
  /** Who was quiet longest comes first. */
  readonly #readers = new Map<string, Reader>();

  constructor(options: EventReadersOptions) {
    this.#options = options;
  }

  /** Somebody has asked this node for something, and may. */
  asked(userId: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    const toldMs = this.#readers.get(userId)?.toldMs;
    const isDue = toldMs === undefined || nowMs - toldMs >= tellAgainMs;
    this.#see(userId, { seenMs: nowMs, toldMs: isDue ? nowMs : toldMs });
    if (isDue) this.#options.tell(userId);
  }

  /** Somebody has asked this node for something, and may not: what was known before is over. */
  refused(userId: string): void {
    this.#readers.delete(userId);
  }

  /** Another node says who has asked there; whatever is not of that shape is not listened to. */
  learned(body: unknown): void {
    const { userId } = Object(body) as { userId?: unknown };
    if (typeof userId !== 'string' || !isServerId(userId)) return;
    const toldMs = this.#readers.get(userId)?.toldMs;
    this.#see(userId, { seenMs: this.#options.clock.monotonicMs(), toldMs });
  }

  /** Ids of those who have asked lately. */
  current(): string[] {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [userId, { seenMs }] of this.#readers) {
      if (nowMs - seenMs >= staysMs) this.#readers.delete(userId);
    }
    return [...this.#readers.keys()];
  }

  #see(userId: string, reader: Reader): void {
    this.#readers.delete(userId);
    this.#readers.set(userId, reader);
    const [quietest] = this.#readers.keys();
    if (this.#readers.size > maxReaders && quietest !== undefined) this.#readers.delete(quietest);
  }
}
