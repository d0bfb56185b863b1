import {
  type GobStruct,
  type GobValue,
  type InterfaceValue,
  anyValue,
  asStruct,
  int,
  intField,
  interfaceValue,
  listField,
  slice,
  string,
  stringField,
  struct,
} from '../../lib/gob/index.ts';
import { RpcClient, type RpcHandlers, RpcServer } from '../../lib/netrpc/index.ts';
import { FakeClock, type LogFields, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { driverRegistry } from './driver-registry-fixture.ts';
import { streamPair } from './fake-host-fixture.ts';
import { registry } from './schemas.ts';
import { RpcDatabase } from './sql/sql-database.ts';

const error = (name: string) => struct(name, { A: anyValue });
const id = struct('Z_DbStrErrReturn', { A: string, B: anyValue });
const change = struct('Z_DbResultContErrReturn', {
  A: struct('ResultContainer', {
    LastID: int,
    LastIDError: anyValue,
    RowsAffected: int,
    RowsAffectedError: anyValue,
  }),
  B: anyValue,
});
const replies = {
  Conn: id,
  ConnClose: error('Z_DbErrReturn'),
  ConnQuery: id,
  ConnExec: change,
  Stmt: id,
  StmtClose: error('Z_DbErrReturn'),
  StmtQuery: id,
  StmtExec: change,
  RowsColumns: struct('Z_DbStrSliceReturn', { A: slice(string) }),
  RowsColumnTypeDatabaseTypeName: string,
  RowsNext: struct('Z_DbRowScanReturn', { A: anyValue, B: slice(anyValue, '[]driver.Value') }),
  RowsClose: error('Z_DbErrReturn'),
};
export type DriverMethodName = keyof typeof replies;

/** An `error` of Go's own: 1 is the end of the rows, 5 skip, 6 a bad connection. */
export const goError = (Code: number, Err = 'text') =>
  interfaceValue('*plugin.ErrorString', { Code, Err });
export const pqError = (fields: Record<string, string>) => interfaceValue('*pq.Error', fields);
export const mysqlError = (Number: number, state = '') =>
  interfaceValue('*mysql.MySQLError', {
    Number,
    SQLState: Array.from({ length: 5 }, (_, at) => state.charCodeAt(at) || 0),
    Message: 'text',
  });

/** What a query gives. */
export interface FakeResult {
  columns: [name: string, type: string][];
  rows: (InterfaceValue | null)[][];
  /** Ends the rows instead of their end. */
  endError?: InterfaceValue;
}

/**
 * The server's side of the driver with its habits: it dies of an id that it does not know, sees no
 * calls at once on one result, and takes nil for a list of no length.
 */
export class FakeDriver {
  readonly calls: { method: DriverMethodName; argument: GobValue }[] = [];
  /** Live ids, by what they stand for. */
  readonly open = new Map<string, string>();
  /** What would have ended the server. */
  readonly crashes: string[] = [];
  result: FakeResult = { columns: [], rows: [] };
  change: GobStruct | InterfaceValue = { RowsAffected: 1 };
  /** Runs before a method answers; a value that it gives is the answer. */
  before: (method: DriverMethodName, argument: GobValue) => unknown = () => undefined;
  readonly #cursors = new Map<string, number>();
  readonly #busy = new Set<string>();
  #ids = 0;

  readonly handlers: RpcHandlers = Object.fromEntries(
    Object.entries(replies).map(([name, reply]) => {
      const method = name as DriverMethodName;
      const handle = (argument: GobValue) => this.#handle(method, argument);
      return [`Plugin.${name}`, { reply, handle }];
    }),
  );

  /** How often `method` was called. */
  count(method: DriverMethodName): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  async #handle(method: DriverMethodName, argument: GobValue): Promise<unknown> {
    this.calls.push({ method, argument });
    const target = targetOf(argument);
    if (method !== 'Conn') this.#check(method, target);
    if (this.#busy.has(target)) this.crashes.push(`${method} beside another call`);
    this.#busy.add(target);
    try {
      const given = await this.before(method, argument);
      return given ?? this.#answer(method, target, argument);
    } finally {
      this.#busy.delete(target);
    }
  }

  #check(method: DriverMethodName, target: string): void {
    const kind = method.startsWith('Rows') ? 'rows' : method.startsWith('Stmt') ? 'stmt' : 'conn';
    const isStmtOfConn = method === 'Stmt';
    const wanted = isStmtOfConn ? 'conn' : kind;
    if (this.open.get(target) !== wanted) this.crashes.push(`${method} of no ${wanted}`);
  }

  #answer(method: DriverMethodName, target: string, argument: GobValue): unknown {
    switch (method) {
      case 'Conn':
      case 'Stmt':
        return { A: this.#new(method.toLowerCase()) };
      case 'ConnQuery':
      case 'StmtQuery': {
        const rows = this.#new('rows');
        this.#cursors.set(rows, 0);
        return { A: rows };
      }
      case 'ConnExec':
      case 'StmtExec':
        return 'typeName' in this.change ? { B: this.change } : { A: this.change };
      case 'RowsColumns':
        return { A: this.result.columns.map(([name]) => name) };
      case 'RowsColumnTypeDatabaseTypeName':
        return this.result.columns[intField(asStruct(argument), 'B')]?.[1];
      case 'RowsNext':
        return this.#next(target, listField(asStruct(argument), 'B').length);
      default:
        this.open.delete(target);
        return {};
    }
  }

  #next(target: string, room: number): unknown {
    const at = this.#cursors.get(target) ?? 0;
    this.#cursors.set(target, at + 1);
    const row = this.result.rows[at];
    // The server fills the list that it was sent, which travels back in any case.
    if (row === undefined) return { A: this.result.endError ?? goError(1, 'EOF') };
    return { B: row.slice(0, room) };
  }

  #new(kind: string): string {
    const name = `${kind}-${String(++this.#ids)}`;
    this.open.set(name, kind);
    return name;
  }
}

function targetOf(argument: GobValue): string {
  return typeof argument === 'string'
    ? argument
    : isRecord(argument)
      ? stringField(argument, 'A')
      : '';
}

function isRecord(value: GobValue): value is GobStruct {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

/** A database over a real RPC connection to a fake driver. */
export function databaseOver(driver: FakeDriver) {
  const [near, far] = streamPair();
  const clock = new FakeClock();
  const server = new RpcServer(far, driver.handlers, { style: 'go', registry: driverRegistry });
  const client = new RpcClient(near, { clock, registry });
  const troubles: LogFields[] = [];
  const logger = {
    ...silentLogger,
    debug: (_message: string, fields?: LogFields) => void troubles.push(fields ?? {}),
  };
  const database = new RpcDatabase({ client, clock, logger, rng: seededRng(1) });
  return { clock, database, server, troubles };
}
