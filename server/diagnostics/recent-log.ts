import type { Clock, LogFields, Logger } from '../../lib/runtime/index.ts';
import { makeLogLine, type LogLine } from '../mattermost/index.ts';

/** Lines that are kept: enough to see what came before what. */
const maxRecentLines = 50;

/** A line of the log, without secrets, and when it was written last. */
export interface RecentLine extends LogLine {
  atMs: number;
  /** How often it was written without another line in between. */
  times: number;
}

/** Hands every line on, and remembers the newest warnings and errors for a support packet. */
export class RecentLog implements Logger {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #lines: RecentLine[] = [];

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  debug(message: string, fields?: LogFields): void {
    this.#logger.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#logger.info(message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#keep(makeLogLine('warn', message, fields));
    this.#logger.warn(message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#keep(makeLogLine('error', message, fields));
    this.#logger.error(message, fields);
  }

  /** Oldest first. */
  lines(): readonly RecentLine[] {
    return this.#lines;
  }

  #keep(line: LogLine): void {
    const atMs = this.#clock.nowMs();
    const last = this.#lines.at(-1);
    if (last !== undefined && isSame(last, line)) {
      this.#lines[this.#lines.length - 1] = { ...last, atMs, times: last.times + 1 };
      return;
    }
    this.#lines = [...this.#lines.slice(1 - maxRecentLines), { ...line, atMs, times: 1 }];
  }
}

function isSame(a: LogLine, b: LogLine): boolean {
  return a.level === b.level && a.message === b.message && String(a.fields) === String(b.fields);
}
