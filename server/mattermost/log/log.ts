import { interfaceValue } from '../../../lib/gob/index.ts';
import type { RpcClient } from '../../../lib/netrpc/index.ts';
import { type Clock, type LogFields, type Logger, endsWithin } from '../../../lib/runtime/index.ts';
import { logCallTimeoutMs, logFlushMs, maxQueuedLogLines } from '../limits.ts';
import {
  type LogLevel,
  type LogLine,
  makeLogLine,
  toStderrLine,
  toStderrTime,
} from './log-line.ts';
import { apiArguments } from '../schemas.ts';

const methods = {
  debug: 'LogDebug',
  info: 'LogInfo',
  warn: 'LogWarn',
  error: 'LogError',
} as const;

export interface HostLoggerOptions {
  clock: Clock;
  writeError: (text: string) => void;
  maxQueuedLines?: number;
}

/**
 * Logs to the server when it is connected and to stderr otherwise. Never throws and never waits:
 * lines queue for a slow server, and of too many the oldest of the lowest level are dropped and
 * counted.
 */
export class HostLogger implements Logger {
  readonly #clock: Clock;
  readonly #writeError: (text: string) => void;
  readonly #maxQueuedLines: number;
  readonly #queue: LogLine[] = [];
  #client: RpcClient | undefined;
  #dropped = 0;
  #sending: Promise<void> | undefined;

  constructor(options: HostLoggerOptions) {
    this.#clock = options.clock;
    this.#writeError = options.writeError;
    this.#maxQueuedLines = options.maxQueuedLines ?? maxQueuedLogLines;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  /** From here on lines go to the server, as long as `client` lives. */
  attach(client: RpcClient): void {
    this.#client = client;
  }

  /** Writes to stderr at once, also while connected: for the last words of the process. */
  lastWords(message: string, fields?: LogFields): void {
    this.#toStderr(makeLogLine('error', message, fields));
  }

  /** Resolves when what is queued has left, or when the server is too slow to wait for. */
  async flush(): Promise<void> {
    if (this.#sending === undefined) return;
    await endsWithin(this.#clock, logFlushMs, this.#sending);
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const line = makeLogLine(level, message, fields);
    if (this.#client === undefined || this.#client.isClosed) {
      this.#toStderr(line);
      return;
    }
    if (this.#queue.length >= this.#maxQueuedLines) this.#drop();
    this.#queue.push(line);
    this.#sending ??= this.#send();
  }

  #drop(): void {
    const order: LogLevel[] = ['debug', 'info', 'warn', 'error'];
    for (const level of order) {
      const at = this.#queue.findIndex((line) => line.level === level);
      if (at < 0) continue;
      this.#queue.splice(at, 1);
      this.#dropped++;
      return;
    }
  }

  /** One line at a time: the server runs calls concurrently, and lines must stay in order. */
  async #send(): Promise<void> {
    for (let line = this.#next(); line !== undefined; line = this.#next()) {
      await this.#sendLine(line);
    }
    this.#sending = undefined;
  }

  #next(): LogLine | undefined {
    if (this.#dropped === 0 || this.#queue.length > 0) return this.#queue.shift();
    const dropped = this.#dropped;
    this.#dropped = 0;
    return makeLogLine('warn', 'log lines were dropped because the server is slow', { dropped });
  }

  async #sendLine(line: LogLine): Promise<void> {
    const client = this.#client;
    const method = methods[line.level];
    const fields = line.fields.flat().map((text) => interfaceValue('string', text));
    try {
      if (client === undefined) throw new Error('not connected');
      await client.call(
        `Plugin.${method}`,
        apiArguments[method],
        { A: line.message, B: fields },
        { timeoutMs: logCallTimeoutMs },
      );
    } catch {
      // Whatever the reason, the line itself must not be lost.
      this.#toStderr(line);
    }
  }

  #toStderr(line: LogLine): void {
    this.#writeError(toStderrLine(line, toStderrTime(this.#clock.nowMs())));
  }
}
