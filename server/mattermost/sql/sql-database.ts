import type { RpcClient } from '../../../lib/netrpc/index.ts';
import {
  type Clock,
  type Logger,
  type Rng,
  type Timer,
  asError,
} from '../../../lib/runtime/index.ts';
import type { Database, SqlChange, SqlOptions, SqlQueryOptions, SqlResult } from './database.ts';
import {
  hangingConnectionMs,
  maxConnectionTries,
  maxHangingConnections,
  sqlTimeoutMs,
} from '../limits.ts';
import { SqlCall } from './sql-call.ts';
import { type ConnectionId, SqlDriver } from './sql-driver.ts';
import { asSqlError, isBroken, sqlError } from './sql-errors.ts';
import { SqlPlaces } from './sql-places.ts';
import { cancelSql, newMarker, sqlText } from './sql-text.ts';
import { type SqlArgument, namedValues } from './sql-values.ts';

export interface RpcDatabaseOptions {
  /** The connection to the server's database driver; undefined when the server offers none. */
  client: RpcClient | undefined;
  clock: Clock;
  logger: Logger;
  rng: Rng;
}

/** One call as it is worked on, also after its caller was told that it takes too long. */
interface Task<Result> {
  sql: string;
  marker: string;
  options: SqlQueryOptions;
  /** Aborts with the reason why nobody waits for the result any more. */
  stop: AbortSignal;
  work: (call: SqlCall, sql: string) => Promise<Result>;
}

/**
 * The server's database over the driver RPC. The server's driver knows no timeouts: a connection
 * whose query does not end stays borrowed, counts, and is returned when the query ends, which on
 * PostgreSQL is hurried on by cancelling the query over another connection.
 */
export class RpcDatabase implements Database {
  readonly #options: RpcDatabaseOptions;
  readonly #driver: SqlDriver | undefined;
  readonly #places = new SqlPlaces();
  /** Calls that are worked on. */
  #running = 0;
  /** Of these, calls in whose place others were let. */
  #hanging = 0;

  constructor(options: RpcDatabaseOptions) {
    this.#options = options;
    this.#driver = options.client === undefined ? undefined : new SqlDriver(options.client);
  }

  /** Calls that hold or await a connection, given-up ones included. */
  get running(): number {
    return this.#running;
  }

  query(
    sql: string,
    parameters: readonly SqlArgument[],
    options: SqlQueryOptions,
  ): Promise<SqlResult> {
    return this.#run(sql, parameters, options, (call, text) =>
      call.query(text, parameters, options),
    );
  }

  execute(
    sql: string,
    parameters: readonly SqlArgument[],
    options: SqlOptions,
  ): Promise<SqlChange> {
    return this.#run(sql, parameters, options, (call, text) => call.execute(text, parameters));
  }

  /** Answers its caller in time, whatever becomes of the call. */
  async #run<Result>(
    sql: string,
    parameters: readonly SqlArgument[],
    options: SqlOptions,
    work: Task<Result>['work'],
  ): Promise<Result> {
    const { clock, rng } = this.#options;
    const marker = newMarker(rng);
    const text = sqlText(sql, parameters.length, options.dialect, marker);
    // What cannot be sent must not cost a connection.
    namedValues(parameters);
    const stop = new AbortController();
    const { timeoutMs = sqlTimeoutMs, signal } = options;
    const timer = clock.setTimer(timeoutMs, () => {
      const message = `the database did not answer within ${String(timeoutMs)} ms`;
      stop.abort(sqlError('SQL_TIMEOUT', message));
    });
    const abort = () => stop.abort(sqlError('SQL_ABORTED', 'nobody waits for the query any more'));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const done = this.#work({ sql: text, marker, options, stop: stop.signal, work });
    // Its end is of interest to itself alone once the caller has been told of a stop.
    done.catch(() => undefined);
    try {
      return await Promise.race([done, rejectedBy(stop.signal)]);
    } catch (error) {
      throw asSqlError(error);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Takes a place, tries until a connection is alive, and gives the place back. */
  async #work<Result>(task: Task<Result>): Promise<Result> {
    const driver = this.#driver;
    if (driver === undefined) {
      throw sqlError('SQL_NO_DATABASE', 'the server offers no database to plugins');
    }
    await this.#places.take(task.stop);
    this.#running++;
    const leave = this.#occupy(task.stop);
    try {
      for (let tries = 1; ; tries++) {
        try {
          return await this.#borrow(driver, task);
        } catch (error) {
          const mayRepeat = task.options.mayRepeat === true;
          const isLast = tries === maxConnectionTries || task.stop.aborted;
          if (isLast || !isBroken(error, mayRepeat)) throw error;
        }
      }
    } finally {
      this.#running--;
      leave();
    }
  }

  /** Watches over a place that was taken; what it returns gives it back, if that was not done before. */
  #occupy(stop: AbortSignal): () => void {
    let timer: Timer | undefined;
    let isHanging = false;
    const watch = () => {
      timer = this.#options.clock.setTimer(hangingConnectionMs, () => {
        if (this.#hanging >= maxHangingConnections) return;
        this.#hanging++;
        isHanging = true;
        this.#places.give();
      });
    };
    stop.addEventListener('abort', watch, { once: true });
    return () => {
      stop.removeEventListener('abort', watch);
      timer?.cancel();
      if (isHanging) this.#hanging--;
      else this.#places.give();
    };
  }

  /** Works on one connection and returns it. */
  async #borrow<Result>(driver: SqlDriver, task: Task<Result>): Promise<Result> {
    const { stop, options } = task;
    const isMaster = options.onReplica !== true;
    const connection = await opened(driver, isMaster);
    const call = new SqlCall({
      driver,
      connection,
      stop,
      cancel: () => this.#cancel(driver, task),
      onTrouble: (error) => this.#noteTrouble(error),
    });
    try {
      stop.throwIfAborted();
      return await task.work(call, task.sql);
    } finally {
      await call.finish();
    }
  }

  /** Asks the database to stop the query; what then comes of it is the query's own end. */
  async #cancel(driver: SqlDriver, { marker, options }: Task<unknown>): Promise<void> {
    if (options.dialect !== 'postgres') return;
    try {
      const connection = await driver.open(options.onReplica !== true);
      try {
        await driver.execute(connection, cancelSql, [marker]);
      } finally {
        await driver.closeConnection(connection);
      }
    } catch (error) {
      this.#noteTrouble(error);
    }
  }

  /** Trouble with cleaning up is no news to the caller, whose own result is known. */
  #noteTrouble(error: unknown): void {
    this.#options.logger.debug('A query was not cleaned up as it should', {
      error: asError(error),
    });
  }
}

async function opened(driver: SqlDriver, isMaster: boolean): Promise<ConnectionId> {
  try {
    return await driver.open(isMaster);
  } catch (error) {
    const cause = asError(error);
    throw sqlError('SQL_UNAVAILABLE', `no connection to the database: ${cause.message}`, { cause });
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}
