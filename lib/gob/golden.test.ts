/**
 * Vectors of the wire: D from Go's documentation and tests, G printed by Go's own encoder, H
 * composed by hand and accepted by Go's decoder. Each is decoded whole and cut at every offset.
 */
import { describe, expect, test } from '@jest/globals';
import { ByteReader, ByteWriter, fromHex, toHex } from '../bytes/index.ts';
import { decodesTo, encodesTo, fields, isWire, point, pointDefinition } from './golden-fixture.ts';
import {
  GobEncoder,
  array,
  bool,
  bytes,
  emptyStruct,
  float,
  int,
  map,
  slice,
  string,
  struct,
  uint,
  type GobSchema,
  type GobValue,
} from './index.ts';
import * as scalar from './scalar.ts';

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
