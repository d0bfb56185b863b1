/** Streams that Go's own encoder wrote (test/vectors/gob), whole types of a real server among them. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { toHex } from '../bytes/index.ts';
import {
  GobDecoder,
  GobEncoder,
  anyValue,
  array,
  asStruct,
  bool,
  boolField,
  bytes,
  bytesField,
  complex,
  decodeGoTime,
  decodeGoUrl,
  float,
  gobRegistry,
  int,
  interfaceValue,
  listField,
  map,
  mapField,
  marshaler,
  slice,
  string,
  stringField,
  struct,
  structField,
  uint,
  type GobStruct,
  type GobValue,
  type StructFields,
  type StructSchema,
} from './index.ts';

function read(name: string): Uint8Array {
  return readFileSync(new URL(`../../test/vectors/gob/${name}`, import.meta.url));
}

/** Every value of a stream that arrives in pieces of `size` bytes. */
function decode(stream: Uint8Array, size: number): GobStruct[] {
  const decoder = new GobDecoder();
  const values: GobValue[] = [];
  for (let at = 0; at < stream.length; at += size) {
    decoder.push(stream.slice(at, at + size));
    for (let value = decoder.next(); value !== undefined; value = decoder.next()) {
      values.push(value);
    }
  }
  decoder.end();
  return values.map(asStruct);
}

/** Names of one stream as several releases of Go wrote it; the last one by the newest. */
const byRelease = (name: string) => ['-go1.22', '-go1.24', ''].map((go) => `${name}${go}.gob`);

test.each(byRelease('config'))('decodes a whole server configuration: %s', (name) => {
  const stream = read(name);
  const whole = decode(stream, stream.length);
  for (const size of [1, 7, 64, 1000]) expect(decode(stream, size)).toEqual(whole);
  expect(whole).toHaveLength(2);
  // Its maps may come in any order the second time.
  expect(whole[1]).toEqual(whole[0]);
  const config = structField(whole[0]!, 'A')!;
  expect(Object.keys(config).length).toBeGreaterThan(30);
  const metrics = structField(config, 'MetricsSettings')!;
  expect(boolField(metrics, 'Enable')).toBe(false);
  expect(stringField(metrics, 'ListenAddress')).toBe(':8067');
  const plugins = mapField(structField(config, 'PluginSettings')!, 'Plugins');
  const settings = plugins.get('com.example.a') as Map<string, GobValue>;
  const any = (name: string, value: unknown) => interfaceValue(name, value) as GobValue;
  const end = any('map[string]interface {}', new Map([['end', null]]));
  const deeper = any(
    'map[string]interface {}',
    new Map([['deeper', any('[]interface {}', [end])]]),
  );
  expect(settings).toEqual(
    new Map<string, GobValue>([
      ['text', any('string', 'x')],
      ['number', any('float64', 1.5)],
      ['flag', any('bool', true)],
      ['none', null],
      [
        'list',
        any('[]interface {}', [
          any('string', 'a'),
          any('float64', 2),
          any('[]interface {}', [any('bool', false)]),
        ]),
      ],
      ['map', any('map[string]interface {}', new Map([['deep', deeper]]))],
    ]),
  );
});

test.each(byRelease('http-request'))('decodes a whole http.Request, circular: %s', (name) => {
  const stream = read(name);
  const [first, second] = decode(stream, 11);
  for (const size of [1, 64, stream.length]) expect(decode(stream, size)).toEqual([first, second]);
  const request = structField(first!, 'Request')!;
  expect(stringField(request, 'Method')).toBe('GET');
  expect(decodeGoUrl(bytesField(request, 'URL')!)).toBe('/jobs?x=1');
  expect(mapField(request, 'Header')).toEqual(new Map([['A', ['b']]]));
  expect(structField(first!, 'Context')).toMatchObject({ RequestId: 'r' });
  expect(structField(second!, 'Context')).toBeUndefined();
  expect(second).toMatchObject({ ResponseWriterStream: 7, RequestBodyStream: 8 });
});

const inner: StructSchema = struct('Inner', (): StructFields => ({
  F: float,
  G: float,
  M: map(string, slice(int), 'map[string][]int32'),
  P: inner,
  T: marshaler('gob', 'Time'),
  A: array(uint, 3, '[3]uint16'),
}));
const random = struct('Random', {
  B: bool,
  I: int,
  I8: int,
  I64: int,
  U: uint,
  U64: uint,
  F: float,
  C: complex,
  S: string,
  Y: bytes,
  L: slice(string, '[]string'),
  LI: slice(inner, '[]main.Inner'),
  M: map(int, string, 'map[int64]string'),
  MM: map(string, map(string, bool), 'map[string]map[string]bool'),
  P: inner,
  PS: string,
  X: anyValue,
  XS: slice(anyValue, '[]interface {}'),
  XM: map(string, anyValue, 'map[string]interface {}'),
});

test('writes byte for byte what Go writes, splits and zeros included', () => {
  const stream = read('random.gob');
  const values = decode(stream, 13);
  expect(values).toHaveLength(60);
  const { fields } = random;
  const { XS, XM } = fields();
  const encoder = new GobEncoder({
    style: 'go',
    registry: gobRegistry({
      '[]interface {}': XS,
      'map[string]interface {}': XM,
      '[]string': fields().L,
      '*model.AppError': struct('AppError', {
        Id: string,
        Message: string,
        DetailedError: string,
        RequestId: string,
        StatusCode: int,
        Where: string,
        SkipTranslation: bool,
      }),
    }),
  });
  const again = encoder.encodeAll(values.map((value) => ({ schema: random, value })));
  expect(toHex(again)).toBe(toHex(stream));
  const [nested] = listField(values[7]!, 'LI');
  const time = decodeGoTime(bytesField(asStruct(nested), 'T')!);
  expect(time).toEqual({ unixSeconds: 7e7, nanoseconds: 7, offsetSeconds: 4200 });
});
