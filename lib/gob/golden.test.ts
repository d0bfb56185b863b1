/**
 * Vectors of the wire: D from Go's documentation and tests, G printed by Go's own encoder, H
 * composed by hand and accepted by Go's decoder. Each is decoded whole and cut at every offset.
 */
import { describe, expect, test } from '@jest/globals';
import { ByteReader, ByteWriter, fromHex, toHex } from '../bytes/index.ts';
import {
  GobDecoder,
  GobEncoder,
  anyValue,
  array,
  bool,
  bytes,
  decodeGoTime,
  emptyStruct,
  encodeGoTime,
  encodeGoUrl,
  float,
  gobRegistry,
  int,
  interfaceValue,
  map,
  marshaler,
  slice,
  string,
  struct,
  uint,
  type GobEncoderOptions,
  type GobOutgoing,
  type GobSchema,
  type GobValue,
  type StructSchema,
} from './index.ts';
import * as scalar from './scalar.ts';

/** A struct as the decoder hands it out. */
function fields(values: Readonly<Record<string, GobValue>>): GobValue {
  return Object.assign(Object.create(null) as Record<string, GobValue>, values);
}

function decodeCut(stream: Uint8Array, cut: number): GobValue[] {
  const decoder = new GobDecoder();
  const values: GobValue[] = [];
  for (const piece of [stream.slice(0, cut), stream.slice(cut)]) {
    decoder.push(piece);
    for (let value = decoder.next(); value !== undefined; value = decoder.next()) {
      values.push(value);
    }
  }
  decoder.end();
  return values;
}

function decodesTo(hex: string, ...wanted: GobValue[]): void {
  const stream = fromHex(hex);
  for (let cut = 0; cut <= stream.length; cut++) {
    expect(decodeCut(stream, cut)).toEqual(wanted);
  }
  const byteByByte = new GobDecoder();
  const values: GobValue[] = [];
  for (const byte of stream) {
    byteByByte.push(Uint8Array.of(byte));
    const value = byteByByte.next();
    if (value !== undefined) values.push(value);
  }
  expect(values).toEqual(wanted);
}

function encodesTo(hex: string, values: GobOutgoing[], options: GobEncoderOptions = {}): void {
  expect(toHex(new GobEncoder(options).encodeAll(values))).toBe(toHex(fromHex(hex)));
}

/** Both directions at once. */
function isWire(hex: string, schema: GobSchema, value: unknown, decoded: GobValue): void {
  encodesTo(hex, [{ schema, value }]);
  decodesTo(hex, decoded);
}

/** The last message, for vectors whose definitions are not spelled out. */
function valueIsWire(hex: string, schema: GobSchema, value: unknown, decoded: GobValue): void {
  const stream = new GobEncoder({ style: 'go' }).encode(schema, value);
  expect(toHex(stream)).toMatch(new RegExp(`${toHex(fromHex(hex))}$`));
  decodesTo(toHex(stream), decoded);
}

const errorString = struct('ErrorString', { Code: int, Err: string });
const registry = gobRegistry({ '*plugin.ErrorString': errorString });
const point = struct('Point', { X: int, Y: int });
const pointDefinition =
  '1f ff 81 03 01 01 05 50 6f 69 6e 74 01 ff 82 00 01 02 01 01 58 01 04 00 01 01 59 01 04 00 00 00';

describe('scalars', () => {
  function isScalar<T>(
    hex: string,
    value: T,
    read: (reader: ByteReader) => unknown,
    write: (writer: ByteWriter, value: T) => void,
  ): void {
    const writer = new ByteWriter();
    write(writer, value);
    expect(toHex(writer.finish())).toBe(toHex(fromHex(hex)));
    expect(read(new ByteReader(fromHex(hex)))).toEqual(value);
  }

  test('encodes and decodes unsigned integers (D1)', () => {
    const isUint = (hex: string, value: number | bigint) =>
      isScalar(hex, value, scalar.readUint, scalar.writeUint);
    isUint('00', 0);
    isUint('07', 7);
    isUint('7f', 0x7f);
    isUint('ff 80', 0x80);
    isUint('fe 01 00', 256);
    isUint('ff ff', 0xff);
    isUint('fd ff ff ff', 0xffffff);
    isUint('f9 1f ff ff ff ff ff ff', Number.MAX_SAFE_INTEGER);
    isUint('f9 20 00 00 00 00 00 00', 2n ** 53n);
    isUint('f8 80 00 00 00 00 00 00 00', 2n ** 63n);
    isUint('f8 ff ff ff ff ff ff ff ff', 2n ** 64n - 1n);
  });

  test('encodes and decodes signed integers (D2)', () => {
    const isInt = (hex: string, value: number | bigint) =>
      isScalar(hex, value, scalar.readInt, scalar.writeInt);
    isInt('fe 01 01', -129);
    isInt('00', 0);
    isInt('01', -1);
    isInt('7e', 63);
    isInt('7f', -64);
    isInt('ff 80', 64);
    isInt('ff 81', -65);
    isInt('f9 3f ff ff ff ff ff fe', Number.MAX_SAFE_INTEGER);
    isInt('f9 3f ff ff ff ff ff fd', Number.MIN_SAFE_INTEGER);
    isInt('f8 ff ff ff ff ff ff ff ff', -(2n ** 63n));
    isInt('f8 ff ff ff ff ff ff ff fe', 2n ** 63n - 1n);
  });

  test('encodes and decodes floats (D3)', () => {
    const isFloat = (hex: string, value: number) =>
      isScalar(hex, value, scalar.readFloat, scalar.writeFloat);
    isFloat('fe 31 40', 17);
    isFloat('00', 0);
    isFloat('ff 80', -0);
    isFloat('fe f0 3f', 1);
    isFloat('fe f0 7f', Infinity);
    isFloat('f8 9a 99 99 99 99 99 b9 3f', 0.1);
    isFloat('fe f8 7f', NaN);
  });

  test('encodes and decodes fields at a distance (D4, D5)', () => {
    const at = (index: number, schema: GobSchema) =>
      struct(
        'S',
        Object.fromEntries(Array.from({ length: index + 1 }, (_, n) => [`F${String(n)}`, schema])),
      );
    const isField = (hex: string, index: number, schema: GobSchema, value: GobValue) => {
      const name = `F${String(index)}`;
      const stream = new GobEncoder().encode(at(index, schema), { [name]: value });
      expect(toHex(stream).endsWith(`${toHex(fromHex(hex))}00`)).toBe(true);
      decodesTo(toHex(stream), fields({ [name]: value }));
    };
    isField('01 07', 0, uint, 7);
    isField('07 01', 6, bool, true);
    isField('07 22', 6, int, 17);
    isField('07 11', 6, uint, 17);
    isField('07 fe 31 40 fe 33 40', 6, { kind: 'complex' }, { re: 17, im: 19 });
    isField('07 05 68 65 6c 6c 6f', 6, string, 'hello');
  });
});

describe('top-level values', () => {
  test('encodes and decodes basic types (D6, G2)', () => {
    isWire('03 04 00 06', int, 3, 3);
    isWire('03 02 00 00', bool, false, false);
    isWire('03 02 00 01', bool, true, true);
    isWire('03 08 00 00', float, 0, 0);
    isWire('08 0c 00 05 68 65 6c 6c 6f', string, 'hello', 'hello');
    isWire('03 0c 00 00', string, '', '');
    isWire('05 0a 00 02 01 02', bytes, Uint8Array.of(1, 2), Uint8Array.of(1, 2));
    isWire('03 06 00 07', uint, 7, 7);
    isWire('09 04 00 fa 02 00 00 00 00 00', int, 2 ** 40, 2 ** 40);
  });

  test('defines a struct once (D7, G1)', () => {
    const hex = `${pointDefinition} 07 ff 82 01 2c 01 42 00 03 ff 82 00 05 ff 82 01 01 00`;
    const values = [{ X: 22, Y: 33 }, {}, { X: -1 }];
    encodesTo(
      hex,
      values.map((value) => ({ schema: point, value })),
    );
    encodesTo(
      hex,
      [
        { X: 22, Y: 33 },
        { X: 0, Y: 0 },
        { X: -1, Y: 0 },
      ].map((value) => ({ schema: point, value })),
      {
        style: 'go',
      },
    );
    decodesTo(hex, ...values.map(fields));
  });

  test('encodes and decodes composites (G3 to G7)', () => {
    const strings = '0c ff 81 02 01 02 ff 82 00 01 0c 00 00';
    isWire(
      `${strings} 19 ff 82 00 02 0a 4f 6e 41 63 74 69 76 61 74 65 09 53 65 72 76 65 48 54 54 50`,
      slice(string),
      ['OnActivate', 'ServeHTTP'],
      ['OnActivate', 'ServeHTTP'],
    );
    isWire(`${strings} 04 ff 82 00 00`, slice(string), [], []);
    isWire(
      '0e ff 81 04 01 02 ff 82 00 01 0c 01 04 00 00 07 ff 82 00 01 01 61 00',
      map(string, int),
      { a: 0 },
      new Map([['a', 0]]),
    );
    isWire(
      '0e ff 81 01 01 02 ff 82 00 01 04 01 04 00 00 06 ff 82 00 02 00 0a',
      array(int, 2),
      [0, 5],
      [0, 5],
    );
    isWire(
      '17 ff 83 04 01 01 06 48 65 61 64 65 72 01 ff 84 00 01 0c 01 ff 82 00 00' +
        '0c ff 81 02 01 02 ff 82 00 01 0c 00 00 0b ff 84 00 01 01 41 02 01 62 01 63',
      map(string, slice(string), 'Header'),
      new Map([['A', ['b', 'c']]]),
      new Map([['A', ['b', 'c']]]),
    );
    isWire('0a ff 81 03 01 02 ff 82 00 00 00 03 ff 82 00', emptyStruct, {}, fields({}));
  });
});

describe('net/rpc messages', () => {
  const request = struct('Request', { ServiceMethod: string, Seq: uint });
  const requestDefinition =
    '2f ff 81 03 01 01 07 52 65 71 75 65 73 74 01 ff 82 00 01 02 01 0d 53 65 72 76 69 63 65 4d 65 74 68 6f 64 01 0c 00 01 03 53 65 71 01 06 00 00 00';

  test('encodes and decodes two requests (G8)', () => {
    const hex = `${requestDefinition}
      11 ff 82 01 0c 43 6f 6e 74 72 6f 6c 2e 50 69 6e 67 00 03 02 00 01
      13 ff 82 01 0c 43 6f 6e 74 72 6f 6c 2e 50 69 6e 67 01 01 00 03 02 00 01`;
    encodesTo(hex, [
      { schema: request, value: { ServiceMethod: 'Control.Ping' } },
      { schema: bool, value: true },
      { schema: request, value: { ServiceMethod: 'Control.Ping', Seq: 1 } },
      { schema: bool, value: true },
    ]);
    const ServiceMethod = 'Control.Ping';
    decodesTo(hex, fields({ ServiceMethod }), true, fields({ ServiceMethod, Seq: 1 }), true);
  });

  test('encodes and decodes an error response (G8b)', () => {
    const response = struct('Response', { ServiceMethod: string, Seq: uint, Error: string });
    const value = { ServiceMethod: 'Plugin.X', Seq: 2, Error: "rpc: can't find method Plugin.X" };
    const hex = `3a ff 81 03 01 01 08 52 65 73 70 6f 6e 73 65 01 ff 82 00 01 03 01 0d 53 65 72 76 69 63 65 4d 65 74 68 6f 64 01 0c 00 01 03 53 65 71 01 06 00 01 05 45 72 72 6f 72 01 0c 00 00 00
      30 ff 82 01 08 50 6c 75 67 69 6e 2e 58 01 02 01 1f 72 70 63 3a 20 63 61 6e 27 74 20 66 69 6e 64 20 6d 65 74 68 6f 64 20 50 6c 75 67 69 6e 2e 58 00
      0a ff 83 03 01 02 ff 84 00 00 00 03 ff 84 00`;
    encodesTo(hex, [
      { schema: response, value },
      { schema: emptyStruct, value: {} },
    ]);
    decodesTo(hex, fields(value), fields({}));
  });

  test('encodes and decodes Dispense (G9)', () => {
    const hex = `${requestDefinition}
      17 ff 82 01 12 44 69 73 70 65 6e 73 65 72 2e 44 69 73 70 65 6e 73 65 00
      08 0c 00 05 68 6f 6f 6b 73`;
    const ServiceMethod = 'Dispenser.Dispense';
    encodesTo(hex, [
      { schema: request, value: { ServiceMethod } },
      { schema: string, value: 'hooks' },
    ]);
    decodesTo(hex, fields({ ServiceMethod }), 'hooks');
    isWire('03 06 00 01', uint, 1, 1);
  });

  test('encodes and decodes OnActivate arguments (G9b)', () => {
    isWire(
      '3b ff 81 03 01 01 10 5a 5f 4f 6e 41 63 74 69 76 61 74 65 41 72 67 73 01 ff 82 00 01 02 01 08 41 50 49 4d 75 78 49 64 01 06 00 01 0b 44 72 69 76 65 72 4d 75 78 49 64 01 06 00 00 00' +
        '07 ff 82 01 02 01 03 00',
      struct('Z_OnActivateArgs', { APIMuxId: uint, DriverMuxId: uint }),
      { APIMuxId: 2, DriverMuxId: 3 },
      fields({ APIMuxId: 2, DriverMuxId: 3 }),
    );
  });
});

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
