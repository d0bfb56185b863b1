import { expect } from '@jest/globals';
import { fromHex, toHex } from '../bytes/index.ts';
import {
  GobDecoder,
  GobEncoder,
  gobRegistry,
  int,
  string,
  struct,
  type GobEncoderOptions,
  type GobOutgoing,
  type GobSchema,
  type GobValue,
} from './index.ts';

/** A struct as the decoder hands it out. */
export function fields(values: Readonly<Record<string, GobValue>>): GobValue {
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

export function decodesTo(hex: string, ...wanted: GobValue[]): void {
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

export function encodesTo(
  hex: string,
  values: GobOutgoing[],
  options: GobEncoderOptions = {},
): void {
  expect(toHex(new GobEncoder(options).encodeAll(values))).toBe(toHex(fromHex(hex)));
}

/** Both directions at once. */
export function isWire(hex: string, schema: GobSchema, value: unknown, decoded: GobValue): void {
  encodesTo(hex, [{ schema, value }]);
  decodesTo(hex, decoded);
}

/** The last message, for vectors whose definitions are not spelled out. */
export function valueIsWire(
  hex: string,
  schema: GobSchema,
  value: unknown,
  decoded: GobValue,
): void {
  const stream = new GobEncoder({ style: 'go' }).encode(schema, value);
  expect(toHex(stream)).toMatch(new RegExp(`${toHex(fromHex(hex))}$`));
  decodesTo(toHex(stream), decoded);
}

const errorString = struct('ErrorString', { Code: int, Err: string });
export const registry = gobRegistry({ '*plugin.ErrorString': errorString });
export const point = struct('Point', { X: int, Y: int });
export const pointDefinition =
  '1f ff 81 03 01 01 05 50 6f 69 6e 74 01 ff 82 00 01 02 01 01 58 01 04 00 01 01 59 01 04 00 00 00';
