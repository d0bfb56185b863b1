import type { ByteWriter } from '../bytes/index.ts';
import { writeInt, writeString, writeUint } from './scalar.ts';
import type { GobSchema, MarshalerForm } from './schema.ts';

/** Schemas that need a definition on the wire before their first value. */
export type DefinedSchema = Extract<
  GobSchema,
  { kind: 'slice' | 'array' | 'map' | 'struct' | 'marshaler' }
>;

/** Number of the field of wireType that a kind fills, plus one: the delta from the start. */
const kindDelta = { array: 1, slice: 2, struct: 3, map: 4 } as const;
const marshalerDelta: Readonly<Record<MarshalerForm, number>> = { gob: 5, binary: 6, text: 7 };

/**
 * Writes the definition of `schema` as a wireType value; `idOf` tells the ids of its parts. Zero
 * fields are left out, as Go does: the vectors of the format are equal byte by byte.
 */
export function writeDefinition(
  writer: ByteWriter,
  id: number,
  schema: DefinedSchema,
  idOf: (part: GobSchema) => number,
): void {
  writeUint(
    writer,
    schema.kind === 'marshaler' ? marshalerDelta[schema.form] : kindDelta[schema.kind],
  );
  writeUint(writer, 1);
  writeCommonType(writer, schema.name, id);
  switch (schema.kind) {
    case 'array':
      writeIntField(writer, 1, idOf(schema.element));
      if (schema.length > 0) writeIntField(writer, 1, schema.length);
      break;
    case 'slice':
      writeIntField(writer, 1, idOf(schema.element));
      break;
    case 'map':
      writeIntField(writer, 1, idOf(schema.key));
      writeIntField(writer, 1, idOf(schema.value));
      break;
    case 'struct':
      writeStructFields(writer, schema.fields(), idOf);
      break;
    case 'marshaler':
      break;
  }
  writeUint(writer, 0);
  writeUint(writer, 0);
}

function writeCommonType(writer: ByteWriter, name: string, id: number): void {
  if (name !== '') {
    writeUint(writer, 1);
    writeString(writer, name);
  }
  writeIntField(writer, name === '' ? 2 : 1, id);
  writeUint(writer, 0);
}

function writeStructFields(
  writer: ByteWriter,
  fields: Readonly<Record<string, GobSchema>>,
  idOf: (part: GobSchema) => number,
): void {
  const entries = Object.entries(fields);
  if (entries.length === 0) return;
  writeUint(writer, 1);
  writeUint(writer, entries.length);
  for (const [name, schema] of entries) {
    writeUint(writer, 1);
    writeString(writer, name);
    writeIntField(writer, 1, idOf(schema));
    writeUint(writer, 0);
  }
}

function writeIntField(writer: ByteWriter, delta: number, value: number): void {
  writeUint(writer, delta);
  writeInt(writer, value);
}
