import { toHex } from '../bytes/index.ts';
import { GobError } from './errors.ts';
import { asStruct, intField, isStruct, listField, stringField, structField } from './fields.ts';
import type { GobLimits } from './limits.ts';
import type { ScalarKind } from './scalar.ts';
import type { MarshalerForm } from './schema.ts';
import type { GobStruct } from './value.ts';

/** A type as the peer defined it; other types are referred to by id, so that they may be circular. */
export type WireType =
  | { kind: 'scalar'; scalar: ScalarKind }
  | { kind: 'interface' }
  | { kind: 'marshaler'; form: MarshalerForm }
  | { kind: 'slice'; element: number }
  | { kind: 'array'; element: number; length: number }
  | { kind: 'map'; key: number; value: number }
  | { kind: 'struct'; name: string; fields: readonly WireField[] };

export interface WireField {
  readonly name: string;
  readonly type: number;
}

/** Ids that need no definition; 16 to 23 describe definitions themselves. */
export const typeIds = {
  bool: 1,
  int: 2,
  uint: 3,
  float: 4,
  bytes: 5,
  string: 6,
  complex: 7,
  interface: 8,
  wireType: 16,
  /** Smallest id that a stream may define. */
  firstDefined: 64,
} as const;

const fields = (list: Readonly<Record<string, number>>): readonly WireField[] =>
  Object.entries(list).map(([name, type]) => ({ name, type }));

/** Private id for the definitions of marshalers: a struct that holds only the common part. */
const marshalerTypeId = -1;

const predefined: ReadonlyMap<number, WireType> = new Map<number, WireType>([
  [typeIds.bool, { kind: 'scalar', scalar: 'bool' }],
  [typeIds.int, { kind: 'scalar', scalar: 'int' }],
  [typeIds.uint, { kind: 'scalar', scalar: 'uint' }],
  [typeIds.float, { kind: 'scalar', scalar: 'float' }],
  [typeIds.bytes, { kind: 'scalar', scalar: 'bytes' }],
  [typeIds.string, { kind: 'scalar', scalar: 'string' }],
  [typeIds.complex, { kind: 'scalar', scalar: 'complex' }],
  [typeIds.interface, { kind: 'interface' }],
  [
    typeIds.wireType,
    {
      kind: 'struct',
      name: 'wireType',
      fields: fields({
        ArrayT: 17,
        SliceT: 19,
        StructT: 20,
        MapT: 23,
        GobEncoderT: marshalerTypeId,
        BinaryMarshalerT: marshalerTypeId,
        TextMarshalerT: marshalerTypeId,
      }),
    },
  ],
  [17, { kind: 'struct', name: 'arrayType', fields: fields({ Common: 18, Elem: 2, Len: 2 }) }],
  [18, { kind: 'struct', name: 'CommonType', fields: fields({ Name: 6, Id: 2 }) }],
  [19, { kind: 'struct', name: 'sliceType', fields: fields({ Common: 18, Elem: 2 }) }],
  [20, { kind: 'struct', name: 'structType', fields: fields({ Common: 18, Field: 22 }) }],
  [21, { kind: 'struct', name: 'fieldType', fields: fields({ Name: 6, Id: 2 }) }],
  [22, { kind: 'slice', element: 21 }],
  [23, { kind: 'struct', name: 'mapType', fields: fields({ Common: 18, Key: 2, Elem: 2 }) }],
  [marshalerTypeId, { kind: 'struct', name: 'gobEncoderType', fields: fields({ Common: 18 }) }],
]);

/** The type of definitions themselves. */
export const wireTypeType = predefined.get(typeIds.wireType) as Extract<
  WireType,
  { kind: 'struct' }
>;

/** The types of one stream: the predefined ones and what the peer has defined so far. */
export class TypeTable {
  readonly #limits: GobLimits;
  readonly #defined = new Map<number, WireType>();
  readonly #plain = new Map<number, boolean>();
  #fieldCount = 0;

  constructor(limits: GobLimits) {
    this.#limits = limits;
  }

  get(id: number): WireType {
    const type = this.#defined.get(id) ?? predefined.get(id);
    if (type !== undefined) return type;
    throw new GobError('GOB_UNKNOWN_TYPE', `type ${String(id)} is not defined`);
  }

  /** The type of a value, which cannot be one of those that describe types. */
  ofValue(id: number): WireType {
    checkUsable(id);
    return this.get(id);
  }

  /**
   * Whether a value of this type certainly holds no interface value, at any depth: then it lies in one
   * message, and its end is known.
   */
  isPlain(id: number): boolean {
    const known = this.#plain.get(id);
    if (known !== undefined) return known;
    const found = this.#holdsInterface(id, new Set());
    // Types that are not defined yet may be later.
    if (found !== undefined) this.#plain.set(id, !found);
    return found === false;
  }

  /** Undefined when a part is unknown and no other one decides. */
  #holdsInterface(id: number, seen: Set<number>): boolean | undefined {
    if (seen.has(id)) return false;
    seen.add(id);
    const type = this.#defined.get(id) ?? predefined.get(id);
    if (type === undefined) return undefined;
    if (type.kind === 'interface') return true;
    let result: boolean | undefined = false;
    for (const part of partsOf(type)) {
      const holds = this.#holdsInterface(part, seen);
      if (holds === true) return true;
      result = holds === undefined ? undefined : result;
    }
    return result;
  }

  /**
   * Throws unless `id` may be defined now. The id before the definition counts: the one inside
   * its common part may differ, and Go itself sends such definitions.
   */
  checkNew(id: number): void {
    if (id < typeIds.firstDefined) {
      throw new GobError('GOB_BAD_TYPE', `type ${String(id)} is predefined`);
    }
    if (this.#defined.has(id)) {
      throw new GobError('GOB_DUPLICATE_TYPE', `type ${String(id)} is defined twice`);
    }
    if (this.#defined.size >= this.#limits.maxTypes) {
      throw new GobError('GOB_TOO_MANY_TYPES', `more than ${String(this.#limits.maxTypes)} types`);
    }
  }

  /** Adds the definition that a decoded wireType value holds. */
  define(id: number, definition: GobStruct): void {
    this.checkNew(id);
    const type = toWireType(id, definition);
    partsOf(type).forEach(checkUsable);
    if (type.kind === 'struct') {
      this.#fieldCount += type.fields.length;
      if (this.#fieldCount > this.#limits.maxFields) {
        const message = `more than ${String(this.#limits.maxFields)} fields in all types`;
        throw new GobError('GOB_TOO_MANY_TYPES', message);
      }
    }
    this.#defined.set(id, type);
  }
}

/** Ids of the types that a type is made of. */
function partsOf(type: WireType): readonly number[] {
  switch (type.kind) {
    case 'slice':
    case 'array':
      return [type.element];
    case 'map':
      return [type.key, type.value];
    case 'struct':
      return type.fields.map((field) => field.type);
    default:
      return [];
  }
}

/** Ids below 64 that are no basic type describe definitions, here in our own way. */
function checkUsable(id: number): void {
  if (id >= typeIds.firstDefined || (id >= typeIds.bool && id <= typeIds.interface)) return;
  throw new GobError('GOB_UNKNOWN_TYPE', `type ${String(id)} is not for values`);
}

function toWireType(id: number, definition: GobStruct): WireType {
  const kinds = Object.keys(definition);
  const kind = kinds[0];
  if (kind === undefined || kinds.length > 1) {
    throw new GobError('GOB_BAD_TYPE', `type ${String(id)} is of ${String(kinds.length)} kinds`);
  }
  const body = asStruct(definition[kind]);
  switch (kind) {
    case 'ArrayT':
      return { kind: 'array', element: intField(body, 'Elem'), length: arrayLength(id, body) };
    case 'SliceT':
      return { kind: 'slice', element: intField(body, 'Elem') };
    case 'MapT':
      return { kind: 'map', key: intField(body, 'Key'), value: intField(body, 'Elem') };
    case 'StructT':
      return toStructType(id, body);
    case 'GobEncoderT':
      return { kind: 'marshaler', form: 'gob' };
    case 'BinaryMarshalerT':
      return { kind: 'marshaler', form: 'binary' };
    default:
      return { kind: 'marshaler', form: 'text' };
  }
}

function arrayLength(id: number, body: GobStruct): number {
  const length = intField(body, 'Len');
  if (length >= 0) return length;
  throw new GobError('GOB_BAD_TYPE', `type ${String(id)} is an array of negative length`);
}

function toStructType(id: number, body: GobStruct): WireType {
  const seen = new Set<string>();
  const list = listField(body, 'Field').map((entry): WireField => {
    const field = isStruct(entry) ? entry : asStruct(null);
    const name = stringField(field, 'Name');
    if (name === '' || seen.has(name)) {
      const excerpt = toHex(new TextEncoder().encode(name), 32);
      throw new GobError('GOB_BAD_TYPE', `type ${String(id)}: bad field name`, { excerpt });
    }
    seen.add(name);
    return { name, type: intField(field, 'Id') };
  });
  const common = structField(body, 'Common');
  return {
    kind: 'struct',
    name: common === undefined ? '' : stringField(common, 'Name'),
    fields: list,
  };
}
