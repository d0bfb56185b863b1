import { assert } from '../runtime/index.ts';
import type { DefinedSchema } from './definition.ts';
import type { GobSchema } from './schema.ts';
import { typeIds } from './type-table.ts';

/** Whether values of this schema need a definition before them. */
export function needsDefinition(schema: GobSchema): schema is DefinedSchema {
  switch (schema.kind) {
    case 'slice':
    case 'array':
    case 'map':
    case 'struct':
    case 'marshaler':
      return true;
    default:
      return false;
  }
}

/** The schemas that a schema is made of, in wire order. */
export function partsOf(schema: GobSchema): readonly GobSchema[] {
  switch (schema.kind) {
    case 'slice':
    case 'array':
      return [schema.element];
    case 'map':
      return [schema.key, schema.value];
    case 'struct':
      return Object.values(schema.fields());
    default:
      return [];
  }
}

const interfaceHolders = new WeakMap<GobSchema, boolean>();

/** Whether a value of this schema may hold an interface value, at any depth. */
export function mayHoldInterface(schema: GobSchema): boolean {
  if (schema.kind === 'interface') return true;
  if (!needsDefinition(schema)) return false;
  const known = interfaceHolders.get(schema);
  if (known !== undefined) return known;
  const may = holdsInterface(schema, new Set());
  interfaceHolders.set(schema, may);
  return may;
}

function holdsInterface(schema: GobSchema, seen: Set<GobSchema>): boolean {
  if (schema.kind === 'interface') return true;
  if (seen.has(schema)) return false;
  seen.add(schema);
  return partsOf(schema).some((part) => holdsInterface(part, seen));
}

/** Gives ids to schemas in the order in which Go does, so that equal input makes equal bytes. */
export class SchemaIds {
  readonly #ids = new Map<GobSchema, number>();
  // Go's own first id: 64 is taken inside its runtime.
  #next: number = typeIds.firstDefined + 1;

  idOf(schema: GobSchema): number {
    if (!needsDefinition(schema)) return typeIds[schema.kind];
    if (!this.#ids.has(schema)) this.#assign(schema);
    const id = this.#ids.get(schema);
    assert(id !== undefined, 'an assigned schema has an id');
    return id;
  }

  /** A struct takes its number before its fields (it may contain itself), all others after. */
  #assign(schema: GobSchema): void {
    if (!needsDefinition(schema) || this.#ids.has(schema)) return;
    if (schema.kind === 'struct') this.#ids.set(schema, this.#next++);
    for (const part of partsOf(schema)) this.#assign(part);
    if (schema.kind !== 'struct') this.#ids.set(schema, this.#next++);
  }
}
