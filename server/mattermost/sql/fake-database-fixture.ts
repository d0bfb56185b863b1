import type { Database, SqlChange, SqlQueryOptions, SqlResult } from './database.ts';
import { SqlError } from './sql-errors.ts';
import type { SqlArgument, SqlValue } from './sql-values.ts';

/** A database whose answers tests set; it remembers what it was asked. */
export class FakeDatabase implements Database {
  readonly asked: { sql: string; parameters: readonly SqlArgument[]; options: SqlQueryOptions }[] =
    [];
  /** What each query gives; an error is thrown, a function may also wait. */
  answer: SqlResult | Error | (() => Promise<SqlResult>) = new SqlError(
    'SQL_NO_DATABASE',
    'there is no database here',
  );

  /** Sets rows of these columns as the answer. */
  give(columns: string[], ...rows: SqlValue[][]): void {
    this.answer = { columns, rows };
  }

  async query(
    sql: string,
    parameters: readonly SqlArgument[],
    options: SqlQueryOptions,
  ): Promise<SqlResult> {
    this.asked.push({ sql, parameters, options });
    if (this.answer instanceof Error) throw this.answer;
    return typeof this.answer === 'function' ? this.answer() : this.answer;
  }

  execute(): Promise<SqlChange> {
    return Promise.reject(new SqlError('SQL_NO_DATABASE', 'there is no database here'));
  }
}
