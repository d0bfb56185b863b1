import type { Clock, Logger, Timer } from '../../lib/runtime/index.ts';
import type { Configuration } from '../configuration.ts';
import type { AuditRecord } from '../mattermost/index.ts';
import { changedSettings, type RawSettings } from '../settings/index.ts';
import type { AuditLog } from './audit-log.ts';
import type { SaveAnnouncement } from './save-announcement.ts';
import { joinMs, SaveAuthors } from './save-authors.ts';

/** The server asks no plugin and tells no plugin who saves. */
const unknownActor: AuditRecord['actor'] = {
  ...{ userId: '', client: '' },
  ...{ ipAddress: '', forwardedFor: '' },
};

/** The names of very many unknown keys are cut: an audit record is short. */
const maxNamesLength = 1000;

/** A save that this node was asked about and that is not over by then was refused by somebody else. */
const saveMs = 60_000;

/** Saves that are not over; nobody saves so often. */
const maxAsked = 32;

/** Records that wait for their author; one more makes the oldest go as it is. */
const maxWaiting = 20;

export interface SettingsAuditOptions {
  audit: AuditLog;
  clock: Pick<Clock, 'monotonicMs' | 'setTimer'>;
  logger: Logger;
}

/** A save that this node was asked about, and that it has not heard of since. */
interface Asked {
  keys: readonly string[];
  atMs: number;
}

/** A record that is to be written when its author is known, or time is up. */
interface Waiting {
  timer: Timer;
  write: () => void;
}

/**
 * Tells which of the plugin's settings changed, never their values, and who changed them if the console
 * announces it in time. In a cluster every node hears of a change; the one that was asked to save it
 * writes the audit record, the others a log line. What changed past the server, in a file, is told by a
 * single server; in a cluster it has log lines alone. Owns its timers until {@link stop}.
 */
export class SettingsAudit {
  readonly #options: SettingsAuditOptions;
  readonly #authors = new SaveAuthors();
  readonly #waiting = new Set<Waiting>();
  /** The oldest first. */
  #asked: Asked[] = [];
  #isStopped = false;

  constructor(options: SettingsAuditOptions) {
    this.#options = options;
  }

  /** Somebody says, here or on another node, that they have saved. */
  announced(announcement: SaveAnnouncement): void {
    this.#authors.announced(announcement, this.#options.clock.monotonicMs());
  }

  /** A save that this node was asked about. */
  judged(previous: RawSettings, next: RawSettings, isRefused: boolean): void {
    const keys = changedSettings(previous, next);
    if (keys.length === 0) return;
    if (isRefused) {
      const error = { description: 'SETTINGS_REFUSED', status: 0 };
      this.#record(keys, { isSuccess: false, error });
    } else {
      const atMs = this.#options.clock.monotonicMs();
      this.#asked = [...this.#asked, { keys, atMs }].slice(-maxAsked);
    }
  }

  /** A configuration that is in force from now on. */
  changed(previous: RawSettings, { raw, server }: Configuration): void {
    const keys = changedSettings(previous, raw);
    if (keys.length === 0) return;
    if (this.#wasAsked(keys) || !server.cluster.enable) {
      this.#record(keys, { isSuccess: true });
      return;
    }
    const { audit, clock } = this.#options;
    // What is announced may be about this one and not about a change that is recorded here.
    this.#authors.saved(keys, clock.monotonicMs());
    audit.note(recordOf(keys, { isSuccess: true }, undefined));
  }

  /** Writes what waits with what is known by now; later changes are written at once. */
  stop(): void {
    this.#isStopped = true;
    this.#writeAllBut(0);
  }

  /** Whether this node was asked about the save behind a change; that save is over then. */
  #wasAsked(keys: readonly string[]): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    this.#asked = this.#asked.filter(({ atMs }) => nowMs - atMs <= saveMs);
    const at = this.#asked.findIndex((asked) => asked.keys.some((key) => keys.includes(key)));
    if (at !== -1) this.#asked.splice(at, 1);
    return at !== -1;
  }

  /** The log has it at once: the process may end before the record is written. */
  #record(keys: string[], outcome: Outcome): void {
    const { audit, clock, logger } = this.#options;
    const { isSuccess } = outcome;
    const what = isSuccess ? 'Settings were changed' : 'A change of settings was refused';
    logger.info(`${what}; the audit line tells who it was`, { keys: namesOf(keys) });
    const save = this.#authors.saved(keys, clock.monotonicMs());
    const write = () => {
      this.#waiting.delete(waiting);
      audit.write(recordOf(keys, outcome, this.#authors.authorOf(save)));
    };
    const waiting: Waiting = { timer: clock.setTimer(joinMs, write), write };
    this.#waiting.add(waiting);
    this.#writeAllBut(this.#isStopped ? 0 : maxWaiting);
  }

  /** The oldest records, with what is known by now, until few enough wait. */
  #writeAllBut(count: number): void {
    const due = [...this.#waiting].slice(0, Math.max(0, this.#waiting.size - count));
    for (const { timer, write } of due) {
      timer.cancel();
      write();
    }
  }
}

type Outcome = Pick<AuditRecord, 'isSuccess' | 'error'>;

function recordOf(
  keys: readonly string[],
  outcome: Outcome,
  actor: AuditRecord['actor'] | undefined,
): AuditRecord {
  const user = actor === undefined ? 'not announced: not known' : 'announced by System Console';
  return {
    event: 'changeMetricsSettings',
    ...outcome,
    actor: actor ?? unknownActor,
    apiPath: '',
    objectType: 'settings',
    parameters: { keys: namesOf(keys), user },
  };
}

function namesOf(keys: readonly string[]): string {
  return keys.join(',').slice(0, maxNamesLength);
}
