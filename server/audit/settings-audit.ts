import type { Configuration } from '../configuration.ts';
import type { AuditRecord } from '../mattermost/index.ts';
import { changedSettings, type RawSettings } from '../settings/index.ts';
import type { AuditLog } from './audit-log.ts';

/** The server asks no plugin and tells no plugin who saves. */
const unknownActor: AuditRecord['actor'] = {
  ...{ userId: '', client: '' },
  ...{ ipAddress: '', forwardedFor: '' },
};

/** The names of very many unknown keys are cut: an audit record is short. */
const maxNamesLength = 1000;

/**
 * Tells which of the plugin's settings changed, never their values. In a cluster every node hears of
 * a change; the one that was asked to save it writes the audit record, the others a log line. What
 * changed past the server, in a file, is told by a single server; in a cluster it has log lines alone.
 */
export class SettingsAudit {
  readonly #audit: AuditLog;
  /** This node was asked about a save that changes settings, and has not heard of it since. */
  #isSaving = false;

  constructor(audit: AuditLog) {
    this.#audit = audit;
  }

  /** A save that this node was asked about. */
  judged(previous: RawSettings, next: RawSettings, isRefused: boolean): void {
    const keys = changedSettings(previous, next);
    if (keys.length === 0) return;
    if (isRefused) {
      const error = { description: 'SETTINGS_REFUSED', status: 0 };
      this.#audit.write({ ...recordOf(keys, false), error });
    } else {
      this.#isSaving = true;
    }
  }

  /** A configuration that is in force from now on. */
  changed(previous: RawSettings, { raw, server }: Configuration): void {
    const keys = changedSettings(previous, raw);
    const isOurs = this.#isSaving || !server.cluster.enable;
    this.#isSaving = false;
    if (keys.length === 0) return;
    const record = recordOf(keys, true);
    if (isOurs) this.#audit.write(record);
    else this.#audit.note(record);
  }
}

function recordOf(keys: readonly string[], isSuccess: boolean): AuditRecord {
  return {
    event: 'changeMetricsSettings',
    isSuccess,
    actor: unknownActor,
    apiPath: '',
    objectType: 'settings',
    parameters: { keys: keys.join(',').slice(0, maxNamesLength) },
  };
}
