import type {
  ArraySchema,
  BoolSchema,
  BytesSchema,
  ComplexSchema,
  FloatSchema,
  GobSchema,
  IntSchema,
  InterfaceSchema,
  MapOf,
  MarshalerSchema,
  SliceSchema,
  StringSchema,
  StructOf,
  UintSchema,
} from './schema.ts';

/**
 * A decoded value. Integers are numbers when safe, else bigints; bytes and marshalers are their
 * bytes (a copy, owned by the caller); nil is null.
 */
export type GobValue =
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | GobComplex
  | GobValue[]
  | Map<GobValue, GobValue>
  | GobStruct
  | InterfaceValue
  | null;

/**
 * A decoded struct: an object without prototype that holds the fields which were sent. Go leaves
 * zero values out, so an absent field means zero; read it with `stringField` and its siblings.
 */
export interface GobStruct {
  readonly [field: string]: GobValue | undefined;
}

export interface GobComplex {
  readonly re: number;
  readonly im: number;
}

/** The content of a Go interface: a value and the name its type is registered under. */
export interface InterfaceValue {
  readonly typeName: string;
  readonly value: unknown;
}

/** Content for an interface field, for example `interfaceValue('string', 'x')`. */
export function interfaceValue(typeName: string, value: unknown): InterfaceValue {
  return { typeName, value };
}

/**
 * What an encoder takes for a schema. In a struct, a field that is undefined or null is left out,
 * which Go reads as zero or nil; everything else is sent, zeros too.
 */
export type GobInput<S> = GobSchema extends S
  ? unknown
  : S extends BoolSchema
    ? boolean
    : S extends IntSchema | UintSchema
      ? number | bigint
      : S extends FloatSchema
        ? number
        : S extends BytesSchema | MarshalerSchema
          ? Uint8Array
          : S extends StringSchema
            ? string
            : S extends ComplexSchema
              ? GobComplex
              : S extends InterfaceSchema
                ? InterfaceValue | null
                : CompositeInput<S>;

type CompositeInput<S> = S extends SliceSchema | ArraySchema
  ? readonly GobInput<S['element']>[]
  : S extends MapOf<infer K, infer V>
    ? | ReadonlyMap<GobInput<K>, GobInput<V>>
      | (K extends StringSchema ? Readonly<Record<string, GobInput<V>>> : never)
    : S extends StructOf<infer F>
      ? { readonly [K in keyof F]?: GobInput<F[K]> | null | undefined }
      : never;
