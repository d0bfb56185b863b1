/** How a value is written; the words are Go's own kinds. Build them with the functions below. */
export type GobSchema =
  | BoolSchema
  | IntSchema
  | UintSchema
  | FloatSchema
  | BytesSchema
  | StringSchema
  | ComplexSchema
  | InterfaceSchema
  | SliceSchema
  | ArraySchema
  | MapSchema
  | StructSchema
  | MarshalerSchema;

export interface BoolSchema {
  readonly kind: 'bool';
}
export interface IntSchema {
  readonly kind: 'int';
}
export interface UintSchema {
  readonly kind: 'uint';
}
export interface FloatSchema {
  readonly kind: 'float';
}
/** Go's `[]byte`, which is not a slice on the wire. */
export interface BytesSchema {
  readonly kind: 'bytes';
}
export interface StringSchema {
  readonly kind: 'string';
}
export interface ComplexSchema {
  readonly kind: 'complex';
}
/** Go's `any` and `error`: a value that carries the name of its type. */
export interface InterfaceSchema {
  readonly kind: 'interface';
}
export interface SliceSchema {
  readonly kind: 'slice';
  readonly name: string;
  readonly element: GobSchema;
}
export interface ArraySchema {
  readonly kind: 'array';
  readonly name: string;
  readonly element: GobSchema;
  readonly length: number;
}
export interface MapSchema {
  readonly kind: 'map';
  readonly name: string;
  readonly key: GobSchema;
  readonly value: GobSchema;
}
export interface StructSchema {
  readonly kind: 'struct';
  readonly name: string;
  /** Fields in wire order; a function, so that a struct may contain itself. */
  readonly fields: () => StructFields;
}
/** A type that writes its own bytes, such as `time.Time` (`gob`) and `url.URL` (`binary`). */
export interface MarshalerSchema {
  readonly kind: 'marshaler';
  readonly name: string;
  readonly form: MarshalerForm;
}
export type MarshalerForm = 'gob' | 'binary' | 'text';

/** Schemas by the Go names of the fields. */
export type StructFields = Readonly<Record<string, GobSchema>>;

export interface SliceOf<E extends GobSchema> extends SliceSchema {
  readonly element: E;
}
export interface ArrayOf<E extends GobSchema> extends ArraySchema {
  readonly element: E;
}
export interface MapOf<K extends GobSchema, V extends GobSchema> extends MapSchema {
  readonly key: K;
  readonly value: V;
}
export interface StructOf<F extends StructFields> extends StructSchema {
  readonly fields: () => F;
}

export const bool: BoolSchema = { kind: 'bool' };
export const int: IntSchema = { kind: 'int' };
export const uint: UintSchema = { kind: 'uint' };
export const float: FloatSchema = { kind: 'float' };
export const bytes: BytesSchema = { kind: 'bytes' };
export const string: StringSchema = { kind: 'string' };
export const complex: ComplexSchema = { kind: 'complex' };
export const anyValue: InterfaceSchema = { kind: 'interface' };

/** A list. The name is informational and normally left out, as Go does for unnamed types. */
export function slice<E extends GobSchema>(element: E, name = ''): SliceOf<E> {
  return { kind: 'slice', name, element };
}

/** A list of exactly `length` elements. */
export function array<E extends GobSchema>(element: E, length: number, name = ''): ArrayOf<E> {
  return { kind: 'array', name, element, length };
}

export function map<K extends GobSchema, V extends GobSchema>(
  key: K,
  value: V,
  name = '',
): MapOf<K, V> {
  return { kind: 'map', name, key, value };
}

/**
 * A struct with fields in the order given. One schema object is one type on the wire: declare it
 * once and use it wherever the type occurs. A struct that contains itself passes a function:
 * `const node: StructSchema = struct('Node', () => ({ Next: node }))`.
 */
export function struct<F extends StructFields>(name: string, fields: F | (() => F)): StructOf<F> {
  if (typeof fields !== 'function') return { kind: 'struct', name, fields: () => fields };
  // Made once: a schema object is a type, and the function may make new ones at every call.
  let made: F | undefined;
  return { kind: 'struct', name, fields: () => (made ??= fields()) };
}

export function marshaler(form: MarshalerForm, name = ''): MarshalerSchema {
  return { kind: 'marshaler', name, form };
}

/** Go's `struct{}`: what methods without arguments or results carry. */
export const emptyStruct = struct('', {});
