import { asError, type Clock, type Logger, type Timer } from '../../lib/runtime/index.ts';
import type { PluginApi } from '../mattermost/index.ts';

/** What may have changed: the console then reads it again (docs/api.md, Events). */
export type ChangeKind = 'dumps' | 'status';

/** Least time between two events of one kind: nobody looks more often than this. */
const eventGapMs = 1_000;

/** How often the state is compared with what it was: as often as an event may be sent. */
const lookMs = 1_000;

export interface ChangeEventsOptions {
  clock: Clock;
  logger: Logger;
  api: Pick<PluginApi, 'publishWebSocketEvent'>;
  /** The part of the state that browsers are told about, as one text; equal means unchanged. */
  look: () => string;
  /** Ids of those who are told beside the administrators. It must not throw. */
  readers: () => readonly string[];
}

/** What one kind of event waits for. */
interface Pace {
  /** Runs while no further event may be sent. */
  gap: Timer | undefined;
  /** The server has not taken the last event yet. */
  isSending: boolean;
  /** There is news since. */
  isDue: boolean;
}

/**
 * Tells the browsers of system administrators, and of who else reads, that something has changed: the first change at once,
 * those of the next second by one event at its end. An event says what changed and carries no data.
 * Owns its timers; failures are logged once and hurt nobody, because browsers also ask by themselves.
 */
export class ChangeEvents {
  readonly #options: ChangeEventsOptions;
  readonly #paces: Record<ChangeKind, Pace> = { dumps: newPace(), status: newPace() };
  #looking: Timer | undefined;
  #seen: string | undefined;
  #isFailing = false;
  #isStopped = false;

  constructor(options: ChangeEventsOptions) {
    this.#options = options;
  }

  /** Begins to look at the state, which counts as changed. */
  start(): void {
    if (this.#looking === undefined && !this.#isStopped) this.#look();
  }

  /** Something of this kind has changed. Never throws and never waits. */
  note(kind: ChangeKind): void {
    if (this.#isStopped) return;
    this.#paces[kind].isDue = true;
    this.#send(kind);
  }

  /** No event leaves after this. */
  stop(): void {
    this.#isStopped = true;
    this.#looking?.cancel();
    for (const { gap } of Object.values(this.#paces)) gap?.cancel();
  }

  #look(): void {
    this.#looking = this.#options.clock.setTimer(lookMs, () => {
      this.#look();
    });
    const state = this.#tryLook();
    if (state === undefined || state === this.#seen) return;
    this.#seen = state;
    this.note('status');
  }

  #tryLook(): string | undefined {
    try {
      return this.#options.look();
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #send(kind: ChangeKind): void {
    const pace = this.#paces[kind];
    if (!pace.isDue || pace.isSending || pace.gap !== undefined || this.#isStopped) return;
    pace.isDue = false;
    pace.isSending = true;
    pace.gap = this.#options.clock.setTimer(eventGapMs, () => {
      pace.gap = undefined;
      this.#send(kind);
    });
    void this.#publish(kind).finally(() => {
      pace.isSending = false;
      this.#send(kind);
    });
  }

  /** Never rejects. */
  async #publish(kind: ChangeKind): Promise<void> {
    try {
      const { api, readers } = this.#options;
      await api.publishWebSocketEvent('changed', { what: kind }, { isForAdmins: true });
      for (const userId of readers()) {
        if (this.#isStopped) return;
        await api.publishWebSocketEvent('changed', { what: kind }, { userId });
      }
      this.#isFailing = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#isFailing && !this.#isStopped) {
      const message = 'Browsers cannot be told of changes; they see them when they ask';
      this.#options.logger.warn(message, { code: 'EVENTS_NOT_SENT', error: asError(error) });
    }
    this.#isFailing = true;
  }
}

function newPace(): Pace {
  return { gap: undefined, isSending: false, isDue: false };
}
