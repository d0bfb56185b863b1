import {
  type GobStruct,
  asStruct,
  intField,
  interfaceField,
  listField,
  stringField,
} from '../../../lib/gob/index.ts';
import { asError } from '../../../lib/runtime/index.ts';
import { HostError, parseError } from '../errors.ts';

/** Ours, and those of the database that a caller may want to tell apart. */
export type SqlErrorCode =
  /** The arguments, the SQL or an id cannot be sent; nothing was. */
  | 'SQL_ARGUMENT'
  /** An answer of the server that makes no sense. */
  | 'SQL_REPLY'
  /** The result has a column that the server cannot send: a date or time. */
  | 'SQL_COLUMN_TYPE'
  | 'SQL_TOO_MANY_ROWS'
  | 'SQL_TOO_MANY_BYTES'
  | 'SQL_TIMEOUT'
  | 'SQL_ABORTED'
  /** All connections that we allow ourselves are taken. */
  | 'SQL_BUSY'
  /** The server offers no database to plugins. */
  | 'SQL_NO_DATABASE'
  /** The database cannot be reached, is starting or stopping, or takes no more connections. */
  | 'SQL_UNAVAILABLE'
  /** Another query ended this one on purpose (SQLSTATE 57014). */
  | 'SQL_CANCELLED'
  | 'SQL_UNIQUE'
  | 'SQL_CONSTRAINT'
  | 'SQL_SYNTAX'
  /** A table, column or function that is not there. */
  | 'SQL_UNDEFINED'
  | 'SQL_PERMISSION'
  /** A value that does not fit its type. */
  | 'SQL_VALUE'
  /** Deadlock, lock timeout or failed serialization: the same again may succeed. */
  | 'SQL_CONFLICT'
  | 'SQL_FAILED';

/** What the database said of itself. */
export interface SqlErrorDetails {
  sqlState?: string;
  /** MySQL's own number. */
  mysqlNumber?: number;
  table?: string;
  column?: string;
  constraint?: string;
  /** May hold values of rows: never log it. */
  detail?: string;
}

/** A call of the database that failed. */
export class SqlError extends Error {
  override readonly name: string = 'SqlError';
  readonly code: SqlErrorCode;
  readonly details: SqlErrorDetails;

  constructor(
    code: SqlErrorCode,
    message: string,
    options: ErrorOptions & { details?: SqlErrorDetails } = {},
  ) {
    super(message, options);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The database could not be asked; later it may be. */
export class SqlConnectionError extends SqlError {
  override readonly name = 'SqlConnectionError';
}

/** A row that the rules of a table do not allow. */
export class SqlConstraintError extends SqlError {
  override readonly name = 'SqlConstraintError';
}

/** The statement itself is wrong: its syntax, a name in it, or what it may not touch. */
export class SqlStatementError extends SqlError {
  override readonly name = 'SqlStatementError';
}

/** Stopped: by its deadline, its caller, or somebody else in the database. */
export class SqlStoppedError extends SqlError {
  override readonly name = 'SqlStoppedError';
}

const classes: Partial<Record<SqlErrorCode, typeof SqlError>> = {
  SQL_UNAVAILABLE: SqlConnectionError,
  SQL_BUSY: SqlConnectionError,
  SQL_NO_DATABASE: SqlConnectionError,
  SQL_UNIQUE: SqlConstraintError,
  SQL_CONSTRAINT: SqlConstraintError,
  SQL_SYNTAX: SqlStatementError,
  SQL_UNDEFINED: SqlStatementError,
  SQL_PERMISSION: SqlStatementError,
  SQL_CANCELLED: SqlStoppedError,
  SQL_TIMEOUT: SqlStoppedError,
  SQL_ABORTED: SqlStoppedError,
};

/** The error of the class that belongs to `code`. */
export function sqlError(
  code: SqlErrorCode,
  message: string,
  options: ErrorOptions & { details?: SqlErrorDetails } = {},
): SqlError {
  return new (classes[code] ?? SqlError)(code, message, options);
}

/** By SQLSTATE, whole or its first two characters; the longest that fits counts. */
const statesOf: Partial<Record<SqlErrorCode, readonly string[]>> = {
  SQL_UNIQUE: ['23505'],
  SQL_CONSTRAINT: ['23'],
  SQL_SYNTAX: ['42601', '42'],
  SQL_UNDEFINED: ['42P01', '42703', '42883', '42S02', '42S22', '3F000', '3D000'],
  SQL_PERMISSION: ['42501', '28'],
  SQL_VALUE: ['22'],
  SQL_CANCELLED: ['57014'],
  SQL_UNAVAILABLE: ['08', '53', '57P01', '57P02', '57P03'],
  SQL_CONFLICT: ['40', '55P03'],
};

/** MySQL's numbers, for servers whose errors have no SQLSTATE or a general one. */
const numbersOf: Partial<Record<SqlErrorCode, readonly number[]>> = {
  SQL_UNIQUE: [1022, 1062, 1169, 1586],
  SQL_CONSTRAINT: [1048, 1216, 1217, 1364, 1451, 1452, 3819, 4025],
  SQL_SYNTAX: [1064, 1149],
  SQL_UNDEFINED: [1049, 1054, 1146, 1305],
  SQL_PERMISSION: [1044, 1045, 1142, 1143, 1227],
  SQL_VALUE: [1264, 1265, 1292, 1366, 1406],
  SQL_CANCELLED: [1317, 1969, 3024],
  SQL_UNAVAILABLE: [1040, 1053, 1077, 1203, 1927, 2006, 2013],
  SQL_CONFLICT: [1205, 1213],
};

const codeByState = invert(statesOf);
const codeByNumber = invert(numbersOf);

function invert<Key>(lists: Partial<Record<SqlErrorCode, readonly Key[]>>): Map<Key, SqlErrorCode> {
  const pairs = Object.entries(lists) as [SqlErrorCode, readonly Key[]][];
  return new Map(pairs.flatMap(([code, keys]) => keys.map((key) => [key, code] as const)));
}

/** What kind of failure a SQLSTATE stands for. */
export function codeOfState(sqlState: string): SqlErrorCode {
  return codeByState.get(sqlState) ?? codeByState.get(sqlState.slice(0, 2)) ?? 'SQL_FAILED';
}

/** Throws what a reply field of type `error` holds, as the database means it. */
export function checkSqlError(reply: GobStruct, field: string): void {
  const error = interfaceField(reply, field);
  if (error === undefined) return;
  switch (error.typeName) {
    case '*pq.Error':
      throw postgresError(asStruct(error.value));
    case '*mysql.MySQLError':
      throw mysqlError(asStruct(error.value));
    default:
      throw parseError(error.typeName, error.value);
  }
}

function postgresError(fields: GobStruct): SqlError {
  const sqlState = stringField(fields, 'Code');
  const message = `${stringField(fields, 'Message')} (SQLSTATE ${sqlState})`;
  const details = {
    sqlState,
    table: stringField(fields, 'Table'),
    column: stringField(fields, 'Column'),
    constraint: stringField(fields, 'Constraint'),
    detail: stringField(fields, 'Detail'),
  };
  return sqlError(codeOfState(sqlState), message, { details });
}

function mysqlError(fields: GobStruct): SqlError {
  const mysqlNumber = intField(fields, 'Number');
  // Five bytes, which Go sends as five numbers; older servers have none.
  const sqlState = String.fromCharCode(...listField(fields, 'SQLState').map(Number));
  return mysqlFailure(mysqlNumber, sqlState, stringField(fields, 'Message'));
}

function mysqlFailure(mysqlNumber: number, sqlState: string, text: string): SqlError {
  const message = `${text} (MySQL ${String(mysqlNumber)})`;
  const code = codeByNumber.get(mysqlNumber) ?? codeOfState(sqlState);
  return sqlError(code, message, { details: { mysqlNumber, sqlState } });
}

/** How the drivers of the server begin what they say of themselves, not of the connection. */
const driverText = /^(pq|sql|mysql): /;

/** Servers that know MySQL's errors no more send their text. */
const mysqlText = /^Error (\d+)(?: \((\w{5})\))?: ([^]*)$/;

/** Any failure of a call as a {@link SqlError}: what is none yet is the connection's. */
export function asSqlError(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  const cause = asError(error);
  const told = mysqlText.exec(cause.message);
  if (cause instanceof HostError && told !== null) {
    const [, number, state = '', message = ''] = told;
    return mysqlFailure(Number(number), state, message);
  }
  const isDriver = cause instanceof HostError && driverText.test(cause.message);
  return sqlError(isDriver ? 'SQL_FAILED' : 'SQL_UNAVAILABLE', cause.message, { cause });
}

/** Whether the connection was broken, with the database possibly well. */
export function isBroken(error: unknown, mayRepeat: boolean): boolean {
  if (!(error instanceof HostError)) return false;
  // The driver says so when the database has not seen the statement; else only its text is left.
  if (error.code === 'HOST_BAD_CONNECTION') return true;
  return mayRepeat && asSqlError(error).code === 'SQL_UNAVAILABLE';
}
