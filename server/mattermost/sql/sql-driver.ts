import {
  type GobInput,
  type GobStruct,
  type GobValue,
  asStruct,
  intField,
  interfaceField,
  listField,
  stringField,
} from '../../../lib/gob/index.ts';
import type { RpcClient } from '../../../lib/netrpc/index.ts';
import type { SqlChange } from './database.ts';
import { HostError } from '../errors.ts';
import { type DriverMethod, driverArguments } from '../schemas.ts';
import { SqlError, checkSqlError } from './sql-errors.ts';
import { type SqlArgument, type SqlValue, namedValues, rowValue } from './sql-values.ts';

/** Ids of things in the server, each of a kind of its own so that they cannot be mixed up. */
export type ConnectionId = string & { readonly kind: 'connection' };
export type StatementId = string & { readonly kind: 'statement' };
export type RowsId = string & { readonly kind: 'rows' };

/**
 * The calls of the server's database driver, one to one. The server dies of an id that it does not
 * know, and of two calls on one result at once: ids that are not ours or are closed are refused
 * here, and callers await each call. No call has a timeout, because a reply that nobody takes would
 * leave a connection borrowed for ever.
 */
export class SqlDriver {
  readonly #client: RpcClient;
  readonly #live = new Set<string>();

  constructor(client: RpcClient) {
    this.#client = client;
  }

  async open(isMaster: boolean): Promise<ConnectionId> {
    return this.#opened(await this.#call('Conn', isMaster)) as ConnectionId;
  }

  async closeConnection(id: ConnectionId): Promise<void> {
    this.#forget(id);
    checkSqlError(await this.#call('ConnClose', id), 'A');
  }

  async query(id: ConnectionId, sql: string, parameters: readonly SqlArgument[]): Promise<RowsId> {
    this.#check(id);
    const argument = { A: id, B: sql, C: namedValues(parameters) };
    return this.#opened(await this.#call('ConnQuery', argument)) as RowsId;
  }

  async execute(
    id: ConnectionId,
    sql: string,
    parameters: readonly SqlArgument[],
  ): Promise<SqlChange> {
    this.#check(id);
    const argument = { A: id, B: sql, C: namedValues(parameters) };
    return changeOf(await this.#call('ConnExec', argument));
  }

  async prepare(id: ConnectionId, sql: string): Promise<StatementId> {
    this.#check(id);
    return this.#opened(await this.#call('Stmt', { A: id, B: sql })) as StatementId;
  }

  async queryPrepared(id: StatementId, parameters: readonly SqlArgument[]): Promise<RowsId> {
    this.#check(id);
    const argument = { A: id, B: namedValues(parameters) };
    return this.#opened(await this.#call('StmtQuery', argument)) as RowsId;
  }

  async executePrepared(id: StatementId, parameters: readonly SqlArgument[]): Promise<SqlChange> {
    this.#check(id);
    return changeOf(await this.#call('StmtExec', { A: id, B: namedValues(parameters) }));
  }

  async closeStatement(id: StatementId): Promise<void> {
    this.#forget(id);
    checkSqlError(await this.#call('StmtClose', id), 'A');
  }

  async columns(id: RowsId): Promise<string[]> {
    this.#check(id);
    return listField(await this.#call('RowsColumns', id), 'A').map((name) => {
      if (typeof name === 'string') return name;
      throw new SqlError('SQL_REPLY', 'the name of a column is not a text');
    });
  }

  /** The database's name of a column's type; `index` must be below the number of columns. */
  async columnType(id: RowsId, index: number): Promise<string> {
    this.#check(id);
    const reply = await this.#send('RowsColumnTypeDatabaseTypeName', { A: id, B: index });
    if (typeof reply === 'string') return reply;
    throw new SqlError('SQL_REPLY', 'the type of a column is not a text');
  }

  /** The next row of `columns` values, undefined at the end. */
  async next(id: RowsId, columns: number): Promise<SqlValue[] | undefined> {
    this.#check(id);
    // The server fills the list that it is sent: it must be as long as the row.
    const empty = Array.from({ length: columns }, () => null);
    const reply = await this.#call('RowsNext', { A: id, B: empty });
    try {
      checkSqlError(reply, 'A');
    } catch (error) {
      if (error instanceof HostError && error.code === 'HOST_EOF') return undefined;
      throw error;
    }
    const row = listField(reply, 'B').map(rowValue);
    if (row.length === columns) return row;
    throw new SqlError('SQL_REPLY', `a row of ${String(row.length)} values came`);
  }

  async closeRows(id: RowsId): Promise<void> {
    this.#forget(id);
    checkSqlError(await this.#call('RowsClose', id), 'A');
  }

  #opened(reply: GobStruct): string {
    checkSqlError(reply, 'B');
    const id = stringField(reply, 'A');
    if (id === '') throw new SqlError('SQL_REPLY', 'the server gave no id');
    this.#live.add(id);
    return id;
  }

  #check(id: string): void {
    if (!this.#live.has(id)) throw new SqlError('SQL_ARGUMENT', 'this id is not open');
  }

  #forget(id: string): void {
    this.#check(id);
    this.#live.delete(id);
  }

  async #call<M extends DriverMethod>(
    method: M,
    argument: GobInput<(typeof driverArguments)[M]>,
  ): Promise<GobStruct> {
    return asStruct(await this.#send(method, argument));
  }

  #send<M extends DriverMethod>(
    method: M,
    argument: GobInput<(typeof driverArguments)[M]>,
  ): Promise<GobValue> {
    const schema = driverArguments[method];
    return this.#client.call(`Plugin.${method}`, schema, argument);
  }
}

function changeOf(reply: GobStruct): SqlChange {
  checkSqlError(reply, 'B');
  const result = asStruct(reply['A'] ?? (Object.create(null) as GobStruct));
  checkSqlError(result, 'RowsAffectedError');
  return {
    rowsAffected: intField(result, 'RowsAffected'),
    lastInsertId:
      interfaceField(result, 'LastIDError') === undefined ? intField(result, 'LastID') : undefined,
  };
}
