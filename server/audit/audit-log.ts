import { asError, codeOf, type Logger } from '../../lib/runtime/index.ts';
import type { AuditRecord, PluginApi } from '../mattermost/index.ts';

/** Records that wait for a slow server; further ones stand in the log alone, which is told once. */
const maxWaiting = 200;

/**
 * Who did what, twice: one line in the server's log, at once, and one record in its audit log, when
 * the server takes it. Never throws and is never waited for: what is told has happened.
 */
export class AuditLog {
  readonly #api: Pick<PluginApi, 'logAuditRecord'>;
  readonly #logger: Logger;
  readonly #waiting: AuditRecord[] = [];
  #sending: Promise<void> | undefined;
  /** Servers before 10.11 have no audit log for plugins: one try tells. */
  #isUnknown = false;
  #isFailing = false;

  constructor(api: Pick<PluginApi, 'logAuditRecord'>, logger: Logger) {
    this.#api = api;
    this.#logger = logger;
  }

  write(record: AuditRecord): void {
    this.note(record);
    if (this.#isUnknown) return;
    if (this.#waiting.length >= maxWaiting) {
      this.#noteFailure('AUDIT_QUEUE_FULL', new Error('the server takes audit records too slowly'));
      return;
    }
    this.#waiting.push(record);
    this.#sending ??= this.#send();
  }

  /** The log line alone, for what another node tells the audit log. */
  note({ actor, error, event, isSuccess, parameters }: AuditRecord): void {
    this.#logger.info(`audit: ${event}`, {
      userId: actor.userId,
      ...parameters,
      result: isSuccess ? 'success' : 'fail',
      ...(error === undefined ? {} : { reason: error.description, status: error.status }),
    });
  }

  /** Resolves when nothing waits any more. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    for (let record = this.#waiting.shift(); record; record = this.#waiting.shift()) {
      try {
        await this.#api.logAuditRecord(record);
        this.#isFailing = false;
      } catch (error) {
        this.#onFailure(asError(error));
      }
    }
    this.#sending = undefined;
  }

  #onFailure(error: Error): void {
    if (codeOf(error) === 'RPC_REMOTE' && error.message.includes("can't find method")) {
      this.#isUnknown = true;
      this.#waiting.length = 0;
      this.#logger.debug('This server has no audit log for plugins; the log has the lines');
    } else {
      this.#noteFailure('AUDIT_FAILED', error);
    }
  }

  /** Once until it works again. */
  #noteFailure(code: string, error: Error): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#logger.warn('What was done could not be written to the audit log', { code, error });
  }
}
