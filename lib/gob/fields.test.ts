import { describe, expect, test } from '@jest/globals';
import { fromHex } from '../bytes/index.ts';
import {
  GobDecoder,
  GobEncoder,
  anyValue,
  asStruct,
  bigintField,
  boolField,
  bytesField,
  decodeGoTime,
  emptyStruct,
  encodeGoTime,
  floatField,
  int,
  intField,
  interfaceField,
  interfaceValue,
  listField,
  map,
  mapField,
  slice,
  string,
  stringField,
  struct,
  structField,
  type GobSchema,
  type GobStruct,
} from './index.ts';

function roundTrip(schema: GobSchema, value: unknown): GobStruct {
  const decoder = new GobDecoder();
  decoder.push(new GobEncoder().encode(schema, value));
  return asStruct(decoder.next());
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return 'none';
}

describe('reading fields', () => {
  const empty = roundTrip(emptyStruct, {});
  const full = roundTrip(
    struct('S', {
      Text: string,
      List: slice(int),
      Any: anyValue,
      Map: map(string, int),
      Big: int,
      Sub: emptyStruct,
    }),
    {
      Text: 'x',
      List: [1],
      Any: interfaceValue('int', 7),
      Map: { a: 1 },
      Big: 2n ** 60n,
      Sub: {},
    },
  );

  test('gives zero for what is absent', () => {
    expect(stringField(empty, 'X')).toBe('');
    expect(boolField(empty, 'X')).toBe(false);
    expect(intField(empty, 'X')).toBe(0);
    expect(bigintField(empty, 'X')).toBe(0n);
    expect(floatField(empty, 'X')).toBe(0);
    expect(bytesField(empty, 'X')).toBeUndefined();
    expect(listField(empty, 'X')).toEqual([]);
    expect(mapField(empty, 'X').size).toBe(0);
    expect(structField(empty, 'X')).toBeUndefined();
    expect(interfaceField(empty, 'X')).toBeUndefined();
  });

  test('gives what is there, of the right kind only', () => {
    expect(stringField(full, 'Text')).toBe('x');
    expect(listField(full, 'List')).toEqual([1]);
    expect(interfaceField(full, 'Any')).toEqual({ typeName: 'int', value: 7 });
    expect(mapField(full, 'Map').get('a')).toBe(1);
    expect(bigintField(full, 'Big')).toBe(2n ** 60n);
    expect(structField(full, 'Sub')).toBeDefined();
    expect(() => intField(full, 'Big')).toThrow('Big: safe integer expected, got bigint');
    expect(() => stringField(full, 'List')).toThrow('List: string expected, got slice');
    expect(() => listField(full, 'Any')).toThrow('Any: slice expected, got interface of int');
    expect(() => asStruct(3)).toThrow('struct expected, got number');
  });

  test('keeps hostile names of fields apart from the object', () => {
    const value = roundTrip(
      struct('S', { ['__proto__']: string, constructor: string }),
      JSON.parse('{"__proto__":"x","constructor":"y"}'),
    );
    expect(stringField(value, '__proto__')).toBe('x');
    expect(stringField(value, 'constructor')).toBe('y');
    expect(stringField(empty, 'constructor')).toBe('');
  });
});

describe('times', () => {
  test('refuses what Go cannot read', () => {
    expect(codeOf(() => decodeGoTime(fromHex('03 00')))).toBe('GOB_BAD_VALUE');
    expect(codeOf(() => decodeGoTime(new Uint8Array(14)))).toBe('GOB_BAD_VALUE');
    const bad = { unixSeconds: 0, nanoseconds: 1e9 };
    expect(codeOf(() => encodeGoTime(bad))).toBe('GOB_UNENCODABLE');
    expect(codeOf(() => encodeGoTime({ unixSeconds: 0, nanoseconds: 0, offsetSeconds: -60 }))).toBe(
      'GOB_UNENCODABLE',
    );
  });

  test('reads zones west of Greenwich', () => {
    const time = { unixSeconds: -62_135_596_800, nanoseconds: 0, offsetSeconds: -3 * 3600 - 7 };
    expect(decodeGoTime(encodeGoTime(time))).toEqual(time);
  });
});
