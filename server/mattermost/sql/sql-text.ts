import type { Rng } from '../../../lib/runtime/index.ts';
import type { SqlDialect } from './database.ts';
import { maxSqlChars } from '../limits.ts';
import { SqlError } from './sql-errors.ts';

/**
 * The text as it is sent: with the placeholders of the database, and behind a comment that names
 * this one query, so that it can be found and stopped. Refuses what would not mean the same in all
 * databases, and NUL, which would end the text early on its way to the database.
 */
export function sqlText(
  sql: string,
  parameters: number,
  dialect: SqlDialect,
  marker: string,
): string {
  if (sql.trim() === '') throw refusal('the SQL is empty');
  if (sql.length > maxSqlChars) {
    throw refusal(`the SQL is longer than ${String(maxSqlChars)} characters`);
  }
  if (sql.includes('\0')) throw refusal('the SQL contains a NUL');
  const used = [...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
  if (used.length !== parameters || used.some((number, at) => number !== at + 1)) {
    throw refusal(
      `the SQL must have the placeholders $1 to $${String(parameters)}, each once and in order`,
    );
  }
  if (dialect === 'postgres') return marker + sql;
  if (sql.includes('?')) throw refusal('a ? would be taken for a placeholder by MySQL');
  return marker + sql.replaceAll(/\$\d+/g, '?');
}

function refusal(message: string): SqlError {
  return new SqlError('SQL_ARGUMENT', message);
}

/** A comment that no other query begins with. */
export function newMarker(rng: Rng): string {
  return `/* plugin query ${Buffer.from(rng.bytes(12)).toString('hex')} */ `;
}

/**
 * Stops the query that begins with the marker $1, if it is still running. PostgreSQL lets a role
 * stop its own queries; MySQL would need the number of the connection, which nobody tells.
 */
export const cancelSql =
  "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND left(query, char_length($1::text)) = $1::text";
