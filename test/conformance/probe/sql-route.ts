import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  SqlError,
  sqlDialect,
  type Host,
  type SqlArgument,
  type SqlQueryOptions,
} from '../../../server/mattermost/index.ts';

/** What a check asks the probe to do with the database. */
export interface SqlRequest {
  sql: string;
  /** Values that JSON has no form for are tagged: `{bigint}`, `{bytes}` in hex, `{double}`. */
  parameters?: unknown[];
  options?: Omit<SqlQueryOptions, 'signal' | 'dialect'>;
  isChange?: boolean;
  /** Gives the query up after this time. */
  abortAfterMs?: number;
}

/** Runs it and tells the result, or the error with what a program may go by. */
export async function runSql(host: Host, request: IncomingMessage): Promise<unknown> {
  const asked = (await json(request)) as SqlRequest;
  const { sql, options = {}, abortAfterMs } = asked;
  const { database, api } = host;
  const dialect = sqlDialect((await api.getUnsanitizedConfig()).sql.driverName);
  const parameters = (asked.parameters ?? []).map(fromJson);
  const stop = new AbortController();
  const withSignal = { ...options, dialect, signal: stop.signal };
  if (abortAfterMs !== undefined) setTimeout(() => stop.abort(), abortAfterMs);
  try {
    if (asked.isChange === true) return await database.execute(sql, parameters, withSignal);
    const { columns, rows } = await database.query(sql, parameters, withSignal);
    return { columns, rows: rows.map((row) => row.map(toJson)) };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { code, name, message, details } = error;
    return { error: { code, name, message, details } };
  }
}

function fromJson(value: unknown): SqlArgument {
  if (typeof value !== 'object' || value === null) return value as SqlArgument;
  if ('bigint' in value) return BigInt(value.bigint as string);
  if ('bytes' in value) return Buffer.from(value.bytes as string, 'hex');
  return value as SqlArgument;
}

function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) };
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('hex') } : value;
}
