import {
  type GobValue,
  type GoTime,
  type InterfaceValue,
  decodeGoTime,
  interfaceValue,
  isInterfaceValue,
} from '../../../lib/gob/index.ts';
import { maxSqlParameters } from '../limits.ts';
import { SqlError } from './sql-errors.ts';

/**
 * One value of a row. Integers are numbers when safe, else bigints; what PostgreSQL has no plain
 * type for (numeric, uuid, json, arrays) comes as the bytes of its text.
 */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array | GoTime;

/** A number that is to arrive as a double, whole or not. */
export interface SqlDouble {
  readonly double: number;
}

/** A whole number goes as a 64-bit integer, any other number as a double. */
export type SqlArgument = null | boolean | number | bigint | string | Uint8Array | SqlDouble;

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** Arguments as the driver takes them, numbered from 1. Refuses what no database could take. */
export function namedValues(parameters: readonly SqlArgument[]) {
  if (parameters.length > maxSqlParameters) {
    throw refusal(
      `${String(parameters.length)} arguments; ${String(maxSqlParameters)} are allowed`,
    );
  }
  return parameters.map((value, at) => ({
    Ordinal: at + 1,
    Value: toInterface(value, `$${String(at + 1)}`),
  }));
}

function toInterface(value: SqlArgument, name: string): InterfaceValue | null {
  switch (typeof value) {
    case 'boolean':
      return interfaceValue('bool', value);
    case 'string':
      return interfaceValue('string', value);
    case 'bigint':
      if (value < int64Min || value > int64Max) throw refusal(`${name} does not fit 64 bits`);
      return interfaceValue('int64', value);
    case 'number':
      return numberValue(value, name);
    case 'object':
      if (value === null) return null;
      if (value instanceof Uint8Array) return interfaceValue('[]uint8', value);
      if (typeof value.double === 'number') return interfaceValue('float64', value.double);
      break;
    default:
  }
  // A date, for one: the server knows no type for it.
  throw refusal(`${name} is nothing that a database takes; dates go as milliseconds or as text`);
}

function numberValue(value: number, name: string): InterfaceValue {
  if (Number.isSafeInteger(value)) return interfaceValue('int64', value);
  if (!Number.isInteger(value)) return interfaceValue('float64', value);
  throw refusal(`${name} is a whole number beyond 2^53: pass a bigint, or {double: …}`);
}

function refusal(message: string): SqlError {
  return new SqlError('SQL_ARGUMENT', message);
}

/** A value of a row as the server sent it. */
export function rowValue(value: GobValue): SqlValue {
  if (value === null) return null;
  if (isInterfaceValue(value)) {
    const { typeName } = value;
    const inner = value.value as GobValue;
    if (typeName === 'time.Time' && inner instanceof Uint8Array) return decodeGoTime(inner);
    if (isPlain(inner)) return inner;
    throw new SqlError('SQL_REPLY', `the server sent a ${typeName}, which is no column's value`);
  }
  throw new SqlError('SQL_REPLY', 'the server sent a value without its type');
}

function isPlain(value: GobValue): value is boolean | number | bigint | string | Uint8Array {
  return typeof value !== 'object' || value instanceof Uint8Array;
}

/** Roughly what a value takes in memory. */
export function sizeOf(value: SqlValue): number {
  if (typeof value === 'string') return 2 * value.length;
  return value instanceof Uint8Array ? value.length : 8;
}
