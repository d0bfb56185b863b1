import { GobError } from './errors.ts';
import type { GobStruct, GobValue, InterfaceValue } from './value.ts';

/** A decoded struct; anything else is an error that names what was there. */
export function asStruct(value: GobValue | undefined): GobStruct {
  if (isStruct(value)) return value;
  throw new GobError('GOB_WRONG_KIND', `struct expected, got ${describeKind(value)}`);
}

/** A string field; absent means empty. */
export function stringField(struct: GobStruct, name: string): string {
  const value = struct[name];
  if (value === undefined) return '';
  return typeof value === 'string' ? value : wrongKind(name, 'string', value);
}

export function boolField(struct: GobStruct, name: string): boolean {
  const value = struct[name];
  if (value === undefined) return false;
  return typeof value === 'boolean' ? value : wrongKind(name, 'bool', value);
}

/** A signed or unsigned integer field that must be safe; absent means 0. */
export function intField(struct: GobStruct, name: string): number {
  const value = struct[name];
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  return wrongKind(name, 'safe integer', value);
}

/** An integer field of up to 64 bits; absent means 0n. */
export function bigintField(struct: GobStruct, name: string): bigint {
  const value = struct[name];
  if (value === undefined) return 0n;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return wrongKind(name, 'integer', value);
}

export function floatField(struct: GobStruct, name: string): number {
  const value = struct[name];
  if (value === undefined) return 0;
  return typeof value === 'number' ? value : wrongKind(name, 'float', value);
}

/** A field of bytes or of a marshaler; absent is undefined, because Go tells nil by it. */
export function bytesField(struct: GobStruct, name: string): Uint8Array | undefined {
  const value = struct[name];
  if (value === undefined) return undefined;
  return value instanceof Uint8Array ? value : wrongKind(name, 'bytes', value);
}

/** A slice or array field; absent means empty. */
export function listField(struct: GobStruct, name: string): readonly GobValue[] {
  const value = struct[name];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : wrongKind(name, 'slice', value);
}

/** A map field; absent means empty. */
export function mapField(struct: GobStruct, name: string): ReadonlyMap<GobValue, GobValue> {
  const value = struct[name];
  if (value === undefined) return new Map();
  return value instanceof Map ? value : wrongKind(name, 'map', value);
}

/** A struct field; absent (a nil pointer, or a field the peer does not know) is undefined. */
export function structField(struct: GobStruct, name: string): GobStruct | undefined {
  const value = struct[name];
  if (value === undefined) return undefined;
  return isStruct(value) ? value : wrongKind(name, 'struct', value);
}

/** An interface field (`any`, `error`); absent or nil is undefined. */
export function interfaceField(struct: GobStruct, name: string): DecodedInterface | undefined {
  const value = struct[name];
  if (value === undefined || value === null) return undefined;
  return isInterfaceValue(value)
    ? (value as DecodedInterface)
    : wrongKind(name, 'interface', value);
}

/** An interface value as the decoder makes it: its content is a decoded value. */
export interface DecodedInterface extends InterfaceValue {
  readonly value: GobValue;
}

/** Whether a decoded value is an interface value; a struct that looks like one has no prototype. */
export function isInterfaceValue(value: GobValue | undefined): value is InterfaceValue {
  return typeof value === 'object' && value !== null && 'typeName' in value && !isStruct(value);
}

export function isStruct(value: GobValue | undefined): value is GobStruct {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

function wrongKind(name: string, wanted: string, value: GobValue): never {
  throw new GobError('GOB_WRONG_KIND', `${name}: ${wanted} expected, got ${describeKind(value)}`);
}

function describeKind(value: GobValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nil';
  if (Array.isArray(value)) return 'slice';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Map) return 'map';
  if (isInterfaceValue(value)) return `interface of ${value.typeName}`;
  return typeof value === 'object' ? 'struct' : typeof value;
}
