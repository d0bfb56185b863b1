// Vectors as in golden.test.ts: interface values, and what of the host holds some.
import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex } from '../bytes/index.ts';
import { decodesTo, encodesTo, fields, isWire, registry, valueIsWire } from './golden-fixture.ts';
import {
  GobEncoder,
  anyValue,
  bool,
  bytes,
  decodeGoTime,
  encodeGoTime,
  encodeGoUrl,
  gobRegistry,
  int,
  interfaceValue,
  map,
  marshaler,
  slice,
  string,
  struct,
  uint,
  type GobValue,
  type StructSchema,
} from './index.ts';

const returnsDefinition =
  '27 ff 81 03 01 01 13 5a 5f 4f 6e 41 63 74 69 76 61 74 65 52 65 74 75 72 6e 73 01 ff 82 00 01 01 01 01 41 01 10 00 00 00';

describe('interface values', () => {
  const returns = struct('Z_OnActivateReturns', { A: anyValue });
  const boom = { A: interfaceValue('*plugin.ErrorString', { Err: 'boom' }) };
  const eof = { A: interfaceValue('*plugin.ErrorString', { Code: 1, Err: 'EOF' }) };
  const decodedBoom = fields({
    A: interfaceValue('*plugin.ErrorString', fields({ Err: 'boom' })),
  });
  const decodedEof = fields({
    A: interfaceValue('*plugin.ErrorString', fields({ Code: 1, Err: 'EOF' })),
  });

  test('splits a value over three messages as Go does (G10)', () => {
    const hex = `${returnsDefinition}
      41 ff 82 01 13 2a 70 6c 75 67 69 6e 2e 45 72 72 6f 72 53 74 72 69 6e 67 ff 83 03 01 01 0b 45 72 72 6f 72 53 74 72 69 6e 67 01 ff 84 00 01 02 01 04 43 6f 64 65 01 04 00 01 03 45 72 72 01 0c 00 00 00
      0b ff 84 07 02 04 62 6f 6f 6d 00 00
      23 ff 82 01 13 2a 70 6c 75 67 69 6e 2e 45 72 72 6f 72 53 74 72 69 6e 67 ff 84 08 01 02 01 03 45 4f 46 00 00
      03 ff 82 00`;
    encodesTo(
      hex,
      [boom, eof, { A: null }].map((value) => ({ schema: returns, value })),
      { registry, style: 'go' },
    );
    decodesTo(hex, decodedBoom, decodedEof, fields({}));
  });

  test('puts all types up front (H1)', () => {
    const hex = `${returnsDefinition}
      2a ff 83 03 01 01 0b 45 72 72 6f 72 53 74 72 69 6e 67 01 ff 84 00 01 02 01 04 43 6f 64 65 01 04 00 01 03 45 72 72 01 0c 00 00 00
      22 ff 82 01 13 2a 70 6c 75 67 69 6e 2e 45 72 72 6f 72 53 74 72 69 6e 67 ff 84 07 02 04 62 6f 6f 6d 00 00`;
    encodesTo(hex, [{ schema: returns, value: boom }], { registry });
    decodesTo(hex, decodedBoom);
  });

  test('encodes and decodes log arguments (G11)', () => {
    isWire(
      '28 ff 81 03 01 01 0d 5a 5f 4c 6f 67 49 6e 66 6f 41 72 67 73 01 ff 82 00 01 02 01 01 41 01 0c 00 01 01 42 01 ff 84 00 00 00' +
        '1c ff 83 02 01 01 0e 5b 5d 69 6e 74 65 72 66 61 63 65 20 7b 7d 01 ff 84 00 01 10 00 00' +
        '20 ff 82 01 01 6d 01 02 06 73 74 72 69 6e 67 0c 03 00 01 6b 06 73 74 72 69 6e 67 0c 03 00 01 76 00',
      struct('Z_LogInfoArgs', { A: string, B: slice(anyValue, '[]interface {}') }),
      { A: 'm', B: [interfaceValue('string', 'k'), interfaceValue('string', 'v')] },
      fields({
        A: 'm',
        B: [
          { typeName: 'string', value: 'k' },
          { typeName: 'string', value: 'v' },
        ],
      }),
    );
  });

  test('encodes and decodes database values (G12, G13)', () => {
    const namedValue = struct('NamedValue', { Name: string, Ordinal: int, Value: anyValue });
    const text = interfaceValue('string', 's') as GobValue;
    const seven = interfaceValue('int64', 7) as GobValue;
    valueIsWire(
      '2c ff 82 01 01 63 01 01 71 01 03 02 02 01 06 73 74 72 69 6e 67 0c 03 00 01 73 00 02 04 01 05 69 6e 74 36 34 04 02 00 0e 00 02 06 00 00',
      struct('Z_DbConnArgs', { A: string, B: string, C: slice(namedValue) }),
      {
        A: 'c',
        B: 'q',
        C: [
          { Ordinal: 1, Value: text },
          { Ordinal: 2, Value: seven },
          { Ordinal: 3, Value: null },
        ],
      },
      fields({
        A: 'c',
        B: 'q',
        C: [
          fields({ Ordinal: 1, Value: text }),
          fields({ Ordinal: 2, Value: seven }),
          fields({ Ordinal: 3 }),
        ],
      }),
    );
    const row = [
      interfaceValue('string', 'id'),
      interfaceValue('int64', 5),
      interfaceValue('float64', 1),
      interfaceValue('bool', true),
      interfaceValue('[]uint8', Uint8Array.of(0x78)),
      null,
    ] as GobValue[];
    valueIsWire(
      '41 ff 82 02 06 06 73 74 72 69 6e 67 0c 04 00 02 69 64 05 69 6e 74 36 34 04 02 00 0a 07 66 6c 6f 61 74 36 34 08 04 00 fe f0 3f 04 62 6f 6f 6c 02 02 00 01 07 5b 5d 75 69 6e 74 38 0a 03 00 01 78 00 00',
      struct('Z_DbRowScanReturn', { A: anyValue, B: slice(anyValue) }),
      { B: row },
      fields({ B: row }),
    );
  });

  const list = slice(anyValue);
  const object = map(string, anyValue);

  test('decodes and encodes pieces nested in an enclosing value (G15)', () => {
    const fragment =
      '17 6d 61 70 5b 73 74 72 69 6e 67 5d 69 6e 74 65 72 66 61 63 65 20 7b 7d ff 8a 1f 00 01 01 6b 0e 5b 5d 69 6e 74 65 72 66 61 63 65 20 7b 7d ff 93 02 01 02 ff 94 00 01 10 00 00 29 ff 94 26 00 04 06 73 74 72 69 6e 67 0c 03 00 01 73 07 66 6c 6f 61 74 36 34 08 04 00 fe f8 3f 04 62 6f 6f 6c 02 02 00 01 00';
    const outer = struct('Outer', { A: anyValue });
    const more = { '[]interface {}': list, 'map[string]interface {}': object };
    const encoder = new GobEncoder({ registry: gobRegistry(more), style: 'go' });
    const dummies = (count: number) =>
      Array.from({ length: count }, () => encoder.encode(struct('', {}), {}));
    const content = ['s', 1.5, true].map((value) =>
      interfaceValue(
        typeof value === 'number' ? 'float64' : value === true ? 'bool' : 'string',
        value,
      ),
    );
    const decodedList = interfaceValue('[]interface {}', [...content, null]) as GobValue;
    const decoded = interfaceValue('map[string]interface {}', new Map([['k', decodedList]]));
    // Ids in the vector are 69 and 74: others of the same process came before.
    const stream = [
      encoder.encode(outer, {}),
      ...dummies(3),
      encoder.encode(object, {}),
      ...dummies(4),
      encoder.encode(outer, { A: decoded }),
    ];
    expect(toHex(stream.at(-1)!)).toContain(toHex(fromHex(fragment)));
    decodesTo(
      stream.map((piece) => toHex(piece)).join(''),
      fields({}),
      ...Array.from({ length: 3 }, () => fields({})),
      new Map(),
      ...Array.from({ length: 4 }, () => fields({})),
      fields({ A: decoded }),
    );
  });

  test('encodes and decodes nested interfaces with all types up front (H2)', () => {
    const inner = interfaceValue('[]interface {}', [interfaceValue('string', 's'), null]);
    const hex = `0e ff 81 04 01 02 ff 82 00 01 0c 01 10 00 00
      0e ff 83 04 01 02 ff 84 00 01 0c 01 10 00 00
      0c ff 85 02 01 02 ff 86 00 01 10 00 00
      46 ff 82 00 01 01 6f 17 6d 61 70 5b 73 74 72 69 6e 67 5d 69 6e 74 65 72 66 61 63 65 20 7b 7d ff 84 25 00 01 01 6b 0e 5b 5d 69 6e 74 65 72 66 61 63 65 20 7b 7d ff 86 0f 00 02 06 73 74 72 69 6e 67 0c 03 00 01 73 00`;
    const more = { '[]interface {}': list, 'map[string]interface {}': map(string, anyValue) };
    encodesTo(
      hex,
      [{ schema: object, value: { o: interfaceValue('map[string]interface {}', { k: inner }) } }],
      { registry: gobRegistry(more) },
    );
    const k = inner as GobValue;
    const decoded = interfaceValue('map[string]interface {}', new Map([['k', k]]));
    decodesTo(hex, new Map([['o', decoded]]));
  });
});

describe('structs of the host', () => {
  test('decodes a request with its URL marshaler, whose ids differ (G14)', () => {
    const urlDefinition = '0a ff 85 06 01 02 ff 8e 00 00 00';
    const request = struct('Request', {
      Method: string,
      URL: marshaler('binary'),
      Proto: string,
      ProtoMajor: int,
      ProtoMinor: int,
      Header: map(string, slice(string), 'Header'),
      Host: string,
      RemoteAddr: string,
      RequestURI: string,
    });
    const context = struct('Context', { SessionId: string, RequestId: string });
    const args = struct('Z_ServeHTTPArgs', {
      ResponseWriterStream: uint,
      Request: request,
      Context: context,
      RequestBodyStream: uint,
    });
    const value = {
      ResponseWriterStream: 5,
      Request: {
        Method: 'GET',
        URL: encodeGoUrl('/jobs?x=1'),
        Proto: 'HTTP/1.1',
        ProtoMajor: 1,
        ProtoMinor: 1,
        Header: new Map([['A', ['b']]]),
        Host: 'h',
        RemoteAddr: '1.2.3.4:5',
        RequestURI: '/jobs?x=1',
      },
      Context: { RequestId: 'r' },
      RequestBodyStream: 6,
    };
    const decoded = fields({
      ...value,
      Request: fields(value.Request),
      Context: fields(value.Context),
    });
    const hex =
      '4c ff 82 01 05 01 01 03 47 45 54 01 09 2f 6a 6f 62 73 3f 78 3d 31 01 08 48 54 54 50 2f 31 2e 31 01 02 01 02 01 01 01 41 01 01 62 01 01 68 01 09 31 2e 32 2e 33 2e 34 3a 35 01 09 2f 6a 6f 62 73 3f 78 3d 31 00 01 02 01 72 00 01 06 00';
    valueIsWire(hex, args, value, decoded);
    // The URL's definition as Go sends it (outer id 67, inner 71) in place of ours.
    const stream = toHex(new GobEncoder({ style: 'go' }).encode(args, value));
    const ours = toHex(fromHex('0a ff 85 06 01 02 ff 86 00 00 00'));
    expect(stream).toContain(ours);
    decodesTo(stream.replace(ours, toHex(fromHex(urlDefinition))), decoded);
  });

  test('leaves zeros out in the style of Go only (G16, H3)', () => {
    const features = struct('Features', { Users: int, LDAP: bool, Metrics: bool });
    const license = struct('License', { Id: string, Features: features });
    const value = { A: { Id: 'l', Features: { Users: 0, LDAP: false, Metrics: true } } };
    valueIsWire(
      '0c ff 82 01 01 01 6c 02 03 01 00 00 00',
      struct('R', { A: struct('License', { Id: string, IssuedAt: int, Features: features }) }),
      value,
      fields({ A: fields({ Id: 'l', Features: fields({ Metrics: true }) }) }),
    );
    expect(toHex(new GobEncoder().encode(struct('R', { A: license }), value))).toMatch(
      /016c01010001000101000000$/,
    );
    isWire(
      '35 ff 81 03 01 01 08 46 65 61 74 75 72 65 73 01 ff 82 00 01 03 01 05 55 73 65 72 73 01 04 00 01 04 4c 44 41 50 01 02 00 01 07 4d 65 74 72 69 63 73 01 02 00 00 00' +
        '07 ff 82 01 00 01 00 00',
      features,
      { Users: 0, LDAP: false },
      fields({ Users: 0, LDAP: false }),
    );
  });

  test('encodes and decodes KVSetWithOptions (G18)', () => {
    const args = struct('Z_KVSetWithOptionsArgs', {
      A: string,
      B: bytes,
      C: struct('PluginKVSetOptions', { Atomic: bool, OldValue: bytes, ExpireInSeconds: int }),
    });
    const B = Uint8Array.of(0x76);
    valueIsWire(
      '0f ff 82 01 01 6b 01 01 76 01 01 01 02 1e 00 00',
      args,
      { A: 'k', B, C: { Atomic: true, ExpireInSeconds: 15 } },
      fields({ A: 'k', B, C: fields({ Atomic: true, ExpireInSeconds: 15 }) }),
    );
    valueIsWire(
      '08 ff 82 01 01 6b 02 00 00',
      args,
      { A: 'k', C: {} },
      fields({ A: 'k', C: fields({}) }),
    );
  });

  test('encodes and decodes times (G17)', () => {
    const definition = '10 ff 81 05 01 01 04 54 69 6d 65 01 ff 82 00 00 00';
    const time = marshaler('gob', 'Time');
    const isTime = (hex: string, offsetSeconds: number | undefined, nanoseconds: number) => {
      const value = {
        unixSeconds: 1,
        nanoseconds,
        ...(offsetSeconds === undefined ? {} : { offsetSeconds }),
      };
      const wire = encodeGoTime(value);
      isWire(`${definition} ${hex}`, time, wire, wire);
      expect(decodeGoTime(wire)).toEqual(value);
    };
    isTime('13 ff 82 00 0f 01 00 00 00 0e 77 91 f7 01 00 00 00 05 ff ff', undefined, 5);
    isTime('13 ff 82 00 0f 01 00 00 00 0e 77 91 f7 01 00 00 00 00 00 3c', 3600, 0);
    isTime('14 ff 82 00 10 02 00 00 00 0e 77 91 f7 01 00 00 00 00 00 3c 01', 3601, 0);
  });

  test('encodes and decodes a type that contains itself', () => {
    const node: StructSchema = struct('Node', () => ({
      Name: string,
      Next: node,
      More: slice(node),
    }));
    const value = { Name: 'a', Next: { Name: 'b' }, More: [{}, { Next: {} }] };
    decodesTo(
      toHex(new GobEncoder().encode(node, value)),
      fields({
        Name: 'a',
        Next: fields({ Name: 'b' }),
        More: [fields({}), fields({ Next: fields({}) })],
      }),
    );
  });
});
