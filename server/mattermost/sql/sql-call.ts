import type { SqlChange, SqlQueryOptions, SqlResult } from './database.ts';
import { HostError } from '../errors.ts';
import { maxSqlBytes, maxSqlColumns, maxSqlRows } from '../limits.ts';
import type { ConnectionId, RowsId, SqlDriver, StatementId } from './sql-driver.ts';
import { sqlError } from './sql-errors.ts';
import { type SqlArgument, type SqlValue, sizeOf } from './sql-values.ts';

export interface SqlCallOptions {
  driver: SqlDriver;
  connection: ConnectionId;
  /** Aborts when nobody waits for the result any more. */
  stop: AbortSignal;
  /** Makes the database stop what runs on the connection; never rejects. */
  cancel: () => Promise<void>;
  /** Hears what went wrong while cleaning up. */
  onTrouble: (error: unknown) => void;
}

/**
 * Types that reach the server's driver as a Go time, which the server cannot send. An attempt ends
 * the connection to the driver for good, so columns are looked at before the first row.
 */
const timeTypes = new Set(['DATE', 'TIME', 'TIMETZ', 'TIMESTAMP', 'TIMESTAMPTZ', 'DATETIME']);

/**
 * One query on one borrowed connection. Its calls follow each other strictly, because the server's
 * driver takes no two at once; a stop is acted on between them, and by cancelling.
 */
export class SqlCall {
  readonly #options: SqlCallOptions;
  #rows: RowsId | undefined;
  #statement: StatementId | undefined;
  #cancelling: Promise<void> | undefined;
  readonly #onStop = () => void this.#cancel();

  constructor(options: SqlCallOptions) {
    this.#options = options;
    options.stop.addEventListener('abort', this.#onStop, { once: true });
  }

  async query(
    sql: string,
    parameters: readonly SqlArgument[],
    options: Pick<SqlQueryOptions, 'maxRows' | 'maxBytes'>,
  ): Promise<SqlResult> {
    const { driver, connection } = this.#options;
    const rows = await this.#preparedIfNeeded(
      sql,
      () => driver.query(connection, sql, parameters),
      (statement) => driver.queryPrepared(statement, parameters),
    );
    this.#rows = rows;
    try {
      const columns = await driver.columns(rows);
      await this.#checkColumns(rows, columns);
      return { columns, rows: await this.#read(rows, columns.length, options) };
    } catch (error) {
      // What is left of the result would be read to its end by closing it.
      await this.#cancel();
      throw error;
    }
  }

  execute(sql: string, parameters: readonly SqlArgument[]): Promise<SqlChange> {
    const { driver, connection } = this.#options;
    return this.#preparedIfNeeded(
      sql,
      () => driver.execute(connection, sql, parameters),
      (statement) => driver.executePrepared(statement, parameters),
    );
  }

  /** Closes everything, the connection last. A cancel that is under way must hit nothing else. */
  async finish(): Promise<void> {
    const { driver, connection, stop } = this.#options;
    stop.removeEventListener('abort', this.#onStop);
    await this.#cancelling;
    const [rows, statement] = [this.#rows, this.#statement];
    if (rows !== undefined) await this.#closed(driver.closeRows(rows));
    if (statement !== undefined) await this.#closed(driver.closeStatement(statement));
    await this.#closed(driver.closeConnection(connection));
  }

  /** A driver that skips a statement with arguments, as MySQL's does, wants it prepared. */
  async #preparedIfNeeded<Result>(
    sql: string,
    directly: () => Promise<Result>,
    prepared: (statement: StatementId) => Promise<Result>,
  ): Promise<Result> {
    const { driver, connection, stop } = this.#options;
    try {
      return await directly();
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== 'HOST_SKIP') throw error;
    }
    stop.throwIfAborted();
    this.#statement = await driver.prepare(connection, sql);
    return prepared(this.#statement);
  }

  async #checkColumns(rows: RowsId, columns: readonly string[]): Promise<void> {
    if (columns.length > maxSqlColumns) {
      throw sqlError('SQL_ARGUMENT', `a result of ${String(columns.length)} columns`);
    }
    for (const [index, name] of columns.entries()) {
      this.#options.stop.throwIfAborted();
      const type = await this.#options.driver.columnType(rows, index);
      if (!timeTypes.has(type.toUpperCase())) continue;
      const message = `column ${name} is a ${type}, which the server cannot send; select milliseconds or a text instead`;
      throw sqlError('SQL_COLUMN_TYPE', message);
    }
  }

  async #read(
    rows: RowsId,
    columns: number,
    options: Pick<SqlQueryOptions, 'maxRows' | 'maxBytes'>,
  ): Promise<SqlValue[][]> {
    const { maxRows = maxSqlRows, maxBytes = maxSqlBytes } = options;
    const result: SqlValue[][] = [];
    let bytes = 0;
    for (;;) {
      this.#options.stop.throwIfAborted();
      const row = await this.#options.driver.next(rows, columns);
      if (row === undefined) return result;
      if (result.length === maxRows) {
        throw sqlError('SQL_TOO_MANY_ROWS', `the result has more than ${String(maxRows)} rows`);
      }
      bytes += row.reduce<number>((sum, value) => sum + sizeOf(value), 0);
      if (bytes > maxBytes) {
        throw sqlError('SQL_TOO_MANY_BYTES', `the result has more than ${String(maxBytes)} bytes`);
      }
      result.push(row);
    }
  }

  /** Once, whoever asks. */
  #cancel(): Promise<void> {
    this.#cancelling ??= this.#options.cancel();
    return this.#cancelling;
  }

  async #closed(closing: Promise<void>): Promise<void> {
    try {
      await closing;
    } catch (error) {
      // A query that was cancelled ends with an error: that is what was asked for.
      if (this.#cancelling === undefined) this.#options.onTrouble(error);
    }
  }
}
