import type { SqlArgument, SqlValue } from './sql-values.ts';

/** How a database wants its placeholders, and whether we can stop a query in it. */
export type SqlDialect = 'postgres' | 'mysql';

/** The dialect behind `SqlSettings.DriverName`; whatever is not MySQL is PostgreSQL. */
export function sqlDialect(driverName: string): SqlDialect {
  return driverName.toLowerCase() === 'mysql' ? 'mysql' : 'postgres';
}

export interface SqlOptions {
  dialect: SqlDialect;
  /** Asks a read replica, which may lag; by default the primary database is asked. */
  onReplica?: boolean;
  /** Longest the whole call may take; a query that takes longer is cancelled. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface SqlQueryOptions extends SqlOptions {
  /**
   * The query changes nothing, so it may be asked again when its connection breaks. Without it that
   * is done only when the database cannot have seen it.
   */
  mayRepeat?: boolean;
  /** A result of more rows fails: put a LIMIT into the query. */
  maxRows?: number;
  /** A result of more bytes fails. One row may have 32 MiB at most, else the plugin ends. */
  maxBytes?: number;
}

export interface SqlResult {
  /** Names of the columns as the database gives them. */
  columns: string[];
  /** One list of values per row, in the order of the columns. */
  rows: SqlValue[][];
}

export interface SqlChange {
  rowsAffected: number;
  /** MySQL's; undefined where the database has no such thing. */
  lastInsertId: number | undefined;
}

/**
 * The server's database, through connections that the server lends. A call borrows one, returns it
 * before it settles (after a timeout or an abort: as soon as the database lets go of it) and holds
 * none in between. Calls reject with a `SqlError`.
 *
 * SQL is written with the placeholders `$1`, `$2`, … each once and in order; for MySQL they become
 * `?`. Columns of dates and times are refused: the server cannot send them, and would close the
 * connection for good. Select milliseconds or a text instead.
 */
export interface Database {
  query(
    sql: string,
    parameters: readonly SqlArgument[],
    options: SqlQueryOptions,
  ): Promise<SqlResult>;
  execute(sql: string, parameters: readonly SqlArgument[], options: SqlOptions): Promise<SqlChange>;
}
