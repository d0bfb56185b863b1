import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemRng } from '../runtime/index.ts';
import {
  GobDecoder,
  GobEncoder,
  anyValue,
  array,
  bool,
  bytes,
  complex,
  float,
  int,
  interfaceMap,
  interfaceSlice,
  interfaceValue,
  map,
  marshaler,
  slice,
  string,
  struct,
  uint,
  type GobSchema,
  type GobStruct,
  type GobValue,
  type InterfaceValue,
} from './index.ts';

const seed = Number(process.env['GOB_SEED'] ?? Buffer.from(systemRng.bytes(4)).readInt32BE());

/** Random schemas: composites of composites, a few levels deep. */
const { schema: schemas } = fc.letrec<{ schema: GobSchema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<GobSchema>(
      bool,
      int,
      uint,
      float,
      bytes,
      string,
      complex,
      anyValue,
      marshaler('gob'),
    ),
    tie('schema').map((element) => slice(element)),
    fc.tuple(tie('schema'), fc.integer({ min: 0, max: 3 })).map(([e, n]) => array(e, n)),
    fc
      .tuple(fc.constantFrom(string, int), tie('schema'))
      .map(([k, v]) => map<GobSchema, GobSchema>(k, v)),
    fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[A-Z][a-z]{0,3}$/), tie('schema')), {
        selector: ([name]) => name,
        maxLength: 5,
      })
      .map((list) => struct('S', Object.fromEntries(list))),
  ),
}));

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(narrow);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(narrow);
const doubles = fc.double({ noNaN: true });

function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Values of a schema in the form in which the decoder hands them out. */
function valuesOf(schema: GobSchema, depth = 0): fc.Arbitrary<GobValue> {
  const inner = (part: GobSchema) => valuesOf(part, depth + 1);
  switch (schema.kind) {
    case 'bool':
      return fc.boolean();
    case 'int':
      return fc.oneof(fc.integer(), int64);
    case 'uint':
      return fc.oneof(fc.nat(), uint64);
    case 'float':
      return doubles;
    case 'bytes':
    case 'marshaler':
      return fc.uint8Array({ maxLength: 300 });
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'complex':
      return fc.tuple(doubles, doubles).map(([re, im]) => ({ re, im }));
    case 'interface':
      return interfaceValues(depth);
    case 'slice':
      return fc.array(inner(schema.element), { maxLength: 4 });
    case 'array':
      return fc.array(inner(schema.element), {
        minLength: schema.length,
        maxLength: schema.length,
      });
    case 'map':
      return fc
        .array(
          fc.tuple(
            schema.key.kind === 'int' ? fc.integer() : inner(schema.key),
            inner(schema.value),
          ),
          { maxLength: 3 },
        )
        .map((entries) => new Map(entries));
    case 'struct':
      return fc
        .record(
          Object.fromEntries(
            Object.entries(schema.fields()).map(([name, part]) => [name, inner(part)]),
          ),
          { requiredKeys: [] },
        )
        .map(toStruct);
  }
}

function toStruct(record: Readonly<Record<string, GobValue | undefined>>): GobStruct {
  // A nil interface in a struct is an absent field.
  const given = Object.entries(record).filter(([, value]) => value !== null);
  return Object.assign(Object.create(null) as GobStruct, Object.fromEntries(given));
}

function interfaceValues(depth: number): fc.Arbitrary<InterfaceValue | null> {
  const named = (typeName: string, values: fc.Arbitrary<GobValue>) =>
    values.map((value) => interfaceValue(typeName, value));
  const leaves = [
    fc.constant(null),
    named('string', fc.string()),
    named('float64', doubles),
    named('bool', fc.boolean()),
    named('[]uint8', fc.uint8Array({ maxLength: 9 })),
    named('[]string', fc.array(fc.string(), { maxLength: 3 })),
  ];
  if (depth > 3) return fc.oneof(...leaves);
  return fc.oneof(
    ...leaves,
    named('[]interface {}', valuesOf(interfaceSlice, depth + 1)),
    named('map[string]interface {}', valuesOf(interfaceMap, depth + 1)),
  );
}

/** A few values of a few schemas, as they follow each other on one stream. */
const streams = fc.array(
  schemas.chain((schema) => valuesOf(schema).map((value) => ({ schema, value }))),
  { minLength: 1, maxLength: 4 },
);

function decodeInPieces(stream: Uint8Array, sizes: readonly number[]): GobValue[] {
  const decoder = new GobDecoder();
  const values: GobValue[] = [];
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    decoder.push(stream.slice(at, at + size));
    at += size;
    for (let value = decoder.next(); value !== undefined; value = decoder.next())
      values.push(value);
  }
  decoder.end();
  return values;
}

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test('decodes what it encodes, whatever the schema and wherever the stream is cut', () => {
  fc.assert(
    fc.property(streams, pieces, (values, sizes) => {
      const encoder = new GobEncoder();
      const parts = values.map(({ schema, value }) => encoder.encode(schema, value));
      const decoded = decodeInPieces(new Uint8Array(parts.flatMap((part) => [...part])), sizes);
      const wanted = values.map(({ value }) => value);
      expect(decoded).toStrictEqual(wanted);
    }),
    { seed, numRuns: 300 },
  );
});

test('splits interface values as Go does and still decodes to the same, zeros apart', () => {
  fc.assert(
    fc.property(streams, pieces, (values, sizes) => {
      const encoder = new GobEncoder({ style: 'go' });
      const stream = encoder.encodeAll(values);
      const again = new GobEncoder({ style: 'go' });
      const decoded = decodeInPieces(stream, sizes);
      // What Go leaves out is zero: encoding the decoded values again must give the same bytes.
      const second = again.encodeAll(
        values.map(({ schema }, at) => ({ schema, value: decoded[at] })),
      );
      expect(second).toStrictEqual(stream);
    }),
    { seed, numRuns: 300 },
  );
});
