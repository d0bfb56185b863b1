import { anyValue, bool, bytes, complex, float, int, map, slice, string, uint } from './schema.ts';
import type { GobSchema } from './schema.ts';

/** Schemas by the names under which Go registered the types for use in interface values. */
export type GobRegistry = ReadonlyMap<string, GobSchema>;

const scalars: Readonly<Record<string, GobSchema>> = {
  int,
  int8: int,
  int16: int,
  int32: int,
  int64: int,
  uint,
  uint16: uint,
  uint32: uint,
  uint64: uint,
  uintptr: uint,
  float32: float,
  float64: float,
  complex64: complex,
  complex128: complex,
  bool,
  string,
};

/** The names that Go's gob package registers itself: basic types and slices of them. */
export const basicRegistry: GobRegistry = new Map<string, GobSchema>([
  ...Object.entries(scalars),
  ['uint8', uint],
  ['[]uint8', bytes],
  ...Object.entries(scalars).map(([name, schema]): [string, GobSchema] => [
    `[]${name}`,
    slice(schema),
  ]),
]);

/** `[]interface {}`: what a JSON array becomes in Go. */
export const interfaceSlice = slice(anyValue, '[]interface {}');

/** `map[string]interface {}`: what a JSON object becomes in Go. */
export const interfaceMap = map(string, anyValue, 'map[string]interface {}');

/** The basic names, the two shapes of JSON values, and what the caller adds. */
export function gobRegistry(more: Readonly<Record<string, GobSchema>> = {}): GobRegistry {
  return new Map<string, GobSchema>([
    ...basicRegistry,
    ['[]interface {}', interfaceSlice],
    ['map[string]interface {}', interfaceMap],
    ...Object.entries(more),
  ]);
}
