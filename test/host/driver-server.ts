import {
  anyValue,
  asStruct,
  intField,
  interfaceValue,
  isInterfaceValue,
  listField,
  stringField,
  type GobStruct,
  type GobValue,
  type InterfaceValue,
} from '../../lib/gob/index.ts';
import { rpcMethod, type RpcHandlers, type RpcMethod } from '../../lib/netrpc/index.ts';
import type { Database, DatabaseRows, DatabaseValue } from './database.ts';
import { goError, goErrorCode, int, slice, string, struct } from './wire.ts';

const idReply = struct('Z_DbStrErrReturn', { A: string, B: anyValue });
const errorReply = struct('Z_DbErrReturn', { A: anyValue });
const changeReply = struct('Z_DbResultContErrReturn', {
  A: struct('ResultContainer', {
    LastID: int,
    LastIDError: anyValue,
    RowsAffected: int,
    RowsAffectedError: anyValue,
  }),
  B: anyValue,
});
const columnsReply = struct('Z_DbStrSliceReturn', { A: slice(string) });
const rowReply = struct('Z_DbRowScanReturn', { A: anyValue, B: slice(anyValue) });

/** What one plugin process has opened. */
interface Opened {
  connections: Set<string>;
  statements: Map<string, string>;
  rows: Map<string, { result: DatabaseRows; next: number }>;
}

/**
 * The server's SQL driver, as far as plugins use it. Without a database no connection is given. An id
 * that is not open ends the real server: here it is a violation.
 */
export function driverHandlers(
  database: Database | undefined,
  violation: (text: string) => void,
): RpcHandlers {
  const opened: Opened = { connections: new Set(), statements: new Map(), rows: new Map() };
  const nextId = idsOf();
  const known = <Thing>(things: Map<string, Thing>, id: string): Thing => {
    const thing = things.get(id);
    if (thing !== undefined) return thing;
    violation(`the SQL driver was called with ${id}, which is not open: the server crashes`);
    throw new Error('invalid memory address or nil pointer dereference');
  };
  const methods = {
    ...connectionMethods(database, opened, nextId),
    ...statementMethods(database, opened, nextId, known),
    ...rowMethods(opened, known),
  };
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [`Plugin.${name}`, method]),
  );
}

type Methods = Record<string, RpcMethod>;
type Known = <Thing>(things: Map<string, Thing>, id: string) => Thing;

function idsOf(): () => string {
  let last = 0;
  return () => String(++last).padStart(26, 'd');
}

function connectionMethods(
  database: Database | undefined,
  { connections, rows }: Opened,
  nextId: () => string,
): Methods {
  return {
    Conn: rpcMethod(idReply, () => {
      if (database === undefined) return { B: goError('this Mattermost stand-in has no database') };
      const id = nextId();
      connections.add(id);
      return { A: id };
    }),
    ConnPing: rpcMethod(errorReply, (id) =>
      connections.has(id as string) ? {} : { A: badConnection() },
    ),
    ConnClose: rpcMethod(errorReply, (id) =>
      connections.delete(id as string) ? {} : { A: badConnection() },
    ),
    ConnQuery: rpcMethod(idReply, (argument) => {
      const fields = asStruct(argument);
      if (!connections.has(stringField(fields, 'A'))) return { B: badConnection() };
      return attempt('B', () => {
        const result = database!.query(stringField(fields, 'B'), valuesOf(fields, 'C'));
        return { A: keep(rows, nextId(), { result, next: 0 }) };
      });
    }),
    ConnExec: rpcMethod(changeReply, (argument) => {
      const fields = asStruct(argument);
      if (!connections.has(stringField(fields, 'A'))) return { B: badConnection() };
      return attempt('B', () => ({
        A: changed(database!.execute(stringField(fields, 'B'), valuesOf(fields, 'C'))),
      }));
    }),
  };
}

function statementMethods(
  database: Database | undefined,
  { connections, statements, rows }: Opened,
  nextId: () => string,
  known: Known,
): Methods {
  const sqlOf = (fields: GobStruct) => known(statements, stringField(fields, 'A'));
  return {
    Stmt: rpcMethod(idReply, (argument) => {
      const fields = asStruct(argument);
      if (!connections.has(stringField(fields, 'A'))) return { B: badConnection() };
      return { A: keep(statements, nextId(), stringField(fields, 'B')) };
    }),
    StmtClose: rpcMethod(errorReply, (id) => {
      known(statements, id as string);
      statements.delete(id as string);
      return {};
    }),
    StmtQuery: rpcMethod(idReply, (argument) => {
      const fields = asStruct(argument);
      const sql = sqlOf(fields);
      return attempt('B', () => {
        const result = database!.query(sql, valuesOf(fields, 'B'));
        return { A: keep(rows, nextId(), { result, next: 0 }) };
      });
    }),
    StmtExec: rpcMethod(changeReply, (argument) => {
      const fields = asStruct(argument);
      const sql = sqlOf(fields);
      return attempt('B', () => ({ A: changed(database!.execute(sql, valuesOf(fields, 'B'))) }));
    }),
  };
}

function rowMethods({ rows }: Opened, known: Known): Methods {
  return {
    RowsColumns: rpcMethod(columnsReply, (id) => ({
      A: known(rows, id as string).result.columns,
    })),
    RowsColumnTypeDatabaseTypeName: rpcMethod(string, (argument) => {
      const fields = asStruct(argument);
      const { types } = known(rows, stringField(fields, 'A')).result;
      return types[intField(fields, 'B')] ?? '';
    }),
    RowsNext: rpcMethod(rowReply, (argument) => {
      const fields = asStruct(argument);
      const place = known(rows, stringField(fields, 'A'));
      const row = place.result.rows[place.next];
      if (row === undefined) return { A: goErrorCode(1, 'EOF') };
      place.next++;
      // The list that came is filled: a shorter one gets fewer values.
      return { B: listField(fields, 'B').map((_, at) => toInterface(row[at] ?? null)) };
    }),
    RowsClose: rpcMethod(errorReply, (id) => {
      known(rows, id as string);
      rows.delete(id as string);
      return {};
    }),
  };
}

function keep<Thing>(things: Map<string, Thing>, id: string, thing: Thing): string {
  things.set(id, thing);
  return id;
}

/** What the database refuses comes in the reply. */
function attempt<Reply extends object>(
  field: 'B',
  run: () => Reply,
): Reply | Record<'B', InterfaceValue> {
  try {
    return run();
  } catch (error) {
    return { [field]: goError(error instanceof Error ? error.message : String(error)) };
  }
}

function badConnection(): InterfaceValue {
  return goErrorCode(6, 'driver: bad connection');
}

function changed(rowsAffected: number) {
  return {
    LastIDError: goError('LastInsertId is not supported by this driver'),
    RowsAffected: rowsAffected,
  };
}

/** The arguments in their order. */
function valuesOf(fields: GobStruct, name: string): DatabaseValue[] {
  return listField(fields, name)
    .map(asStruct)
    .sort((a, b) => intField(a, 'Ordinal') - intField(b, 'Ordinal'))
    .map((argument) => plainValue(argument['Value'] ?? null));
}

function plainValue(value: GobValue): DatabaseValue {
  const plain = isInterfaceValue(value) ? (value.value as GobValue) : value;
  if (typeof plain === 'boolean') return plain ? 1 : 0;
  if (typeof plain === 'object' && plain !== null && !(plain instanceof Uint8Array)) {
    throw new Error('the argument is nothing that a database takes');
  }
  return plain;
}

function toInterface(value: DatabaseValue): InterfaceValue | null {
  if (value === null) return null;
  if (typeof value === 'bigint') return interfaceValue('int64', value);
  if (typeof value === 'number') return interfaceValue('float64', value);
  return interfaceValue(typeof value === 'string' ? 'string' : '[]uint8', value);
}
