import { describe, expect, test } from '@jest/globals';
import { ByteWriter, fromHex, toHex } from '../bytes/index.ts';
import {
  GobDecoder,
  GobEncoder,
  anyValue,
  bytes,
  int,
  interfaceMap,
  interfaceValue,
  map,
  slice,
  string,
  struct,
  type GobLimits,
  type GobValue,
} from './index.ts';
import { writeUint } from './scalar.ts';

function decode(stream: string | Uint8Array, limits: Partial<GobLimits> = {}): GobValue[] {
  const decoder = new GobDecoder({ limits });
  decoder.push(typeof stream === 'string' ? fromHex(stream) : stream);
  const values: GobValue[] = [];
  for (let value = decoder.next(); value !== undefined; value = decoder.next()) values.push(value);
  decoder.end();
  return values;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return 'none';
}

function fails(code: string, stream: string | Uint8Array, limits: Partial<GobLimits> = {}): void {
  expect(codeOf(() => decode(stream, limits))).toBe(code);
}

function framed(hex: string): string {
  const payload = fromHex(hex);
  const writer = new ByteWriter();
  writeUint(writer, payload.length);
  return toHex(writer.finish()) + toHex(payload);
}

const sliceOfInts = framed('ff 81 02 01 02 ff 82 00 01 04 00 00');
const sliceOfAny = framed('ff 81 02 01 02 ff 82 00 01 10 00 00');
const structOfAny = framed('ff 81 03 01 01 01 53 01 ff 82 00 01 01 01 01 41 01 10 00 00 00');

describe('bad input', () => {
  test('refuses broken framing, for good', () => {
    fails('GOB_BAD_FRAME', '00');
    fails('GOB_BAD_FRAME', 'f7 01 01 01 01 01 01 01 01 01');
    fails('GOB_TOO_LARGE', 'f8 ff ff ff ff ff ff ff ff');
    const decoder = new GobDecoder();
    decoder.push(fromHex('00 03 04 00 06'));
    expect(codeOf(() => decoder.next())).toBe('GOB_BAD_FRAME');
    expect(codeOf(() => decoder.next())).toBe('GOB_BAD_FRAME');
    expect(codeOf(() => decoder.end())).toBe('GOB_BAD_FRAME');
  });

  test('goes on with the next message after a value that does not decode', () => {
    const decoder = new GobDecoder();
    decoder.push(fromHex(`${framed('04 01 06')} 03 04 00 06`));
    expect(codeOf(() => decoder.next())).toBe('GOB_BAD_VALUE');
    expect(decoder.next()).toBe(3);
  });

  test('ends for good where the end of a value is not known', () => {
    const f = (hex: string) => {
      const decoder = new GobDecoder();
      decoder.push(fromHex(`${hex} 03 04 00 06`));
      const code = codeOf(() => decoder.next());
      expect(codeOf(() => decoder.next())).toBe(code);
      return code;
    };
    // An interface value may go on in further messages.
    expect(f(`${structOfAny} ${framed('ff 82 02 00')}`)).toBe('GOB_BAD_VALUE');
    // Behind a broken definition comes a value of that type.
    expect(f(framed('ff 81 00'))).toBe('GOB_BAD_TYPE');
    expect(f(framed('ff 82 00 00'))).toBe('GOB_UNKNOWN_TYPE');
  });

  test('has no values of the types that describe types', () => {
    fails('GOB_UNKNOWN_TYPE', framed('20 00'));
    fails('GOB_UNKNOWN_TYPE', framed('ff 81 02 01 02 ff 82 00 01 01 00 00'));
    fails('GOB_UNKNOWN_TYPE', framed('ff 81 02 01 02 ff 82 00 01 20 00 00'));
  });

  test('keeps a byte order mark in the name of a type', () => {
    const [value] = decode(framed('10 00 06 ef bb bf 69 6e 74 04 02 00 06'));
    expect(value).toMatchObject({ typeName: '\ufeffint', value: 3 });
  });

  test('tells where and around what it failed, but not in the message', () => {
    const decoder = new GobDecoder();
    decoder.push(fromHex(framed('0c 00 05 68 65')));
    let error: unknown;
    try {
      decoder.next();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'GOB_TRUNCATED', offset: 3, excerpt: '0c00056865' });
    expect(String(error)).not.toContain('6865');
  });

  test('refuses values that are cut or too long', () => {
    fails('GOB_TRUNCATED', '03 04');
    fails('GOB_TRUNCATED', '04');
    fails('GOB_TRUNCATED', sliceOfInts.slice(0, 10));
    fails('GOB_TRUNCATED', framed('0c 00 05 61'));
    fails('GOB_TRAILING_BYTES', framed('04 00 06 00'));
    fails('GOB_TRAILING_BYTES', framed('ff 81 02 01 02 ff 82 00 01 04 00 00 00'));
    fails('GOB_BAD_INTEGER', framed('04 00 f7 01'));
    fails('GOB_BAD_VALUE', framed('02 00 02'));
  });

  test('refuses types that are unknown, predefined, double or senseless', () => {
    fails('GOB_UNKNOWN_TYPE', framed('ff 82 00 00'));
    fails('GOB_UNKNOWN_TYPE', framed('12 00 00'));
    fails('GOB_BAD_TYPE', framed('03 02 01 02 04 00 01 04 00 00'));
    fails('GOB_DUPLICATE_TYPE', sliceOfInts + sliceOfInts);
    fails('GOB_BAD_TYPE', framed('ff 81 00'));
    fails(
      'GOB_BAD_TYPE',
      framed('ff 81 02 01 02 ff 82 00 01 04 00 02 01 02 ff 82 00 01 04 01 04 00 00'),
    );
    // Two fields of one name.
    fails(
      'GOB_BAD_TYPE',
      framed('ff 81 03 01 02 ff 82 00 01 02 01 01 41 01 04 00 01 01 41 01 04 00 00 00'),
    );
    fails('GOB_BAD_VALUE', structOfAny + framed('ff 82 02 00'));
    fails(
      'GOB_BAD_COUNT',
      framed('ff 81 01 01 02 ff 82 00 01 04 01 04 00 00') + framed('ff 82 00 01 00'),
    );
    fails('GOB_BAD_TYPE', framed('ff 81 01 01 02 ff 82 00 01 04 01 03 00 00'));
  });

  test('does not believe counts', () => {
    fails('GOB_BAD_COUNT', sliceOfInts + framed('ff 82 00 fc 7f ff ff ff 00'));
    fails('GOB_BAD_COUNT', sliceOfInts + framed('ff 82 00 f8 ff ff ff ff ff ff ff ff 00'));
    // Elements that may bring further messages cannot be counted beforehand; they end with the bytes.
    fails('GOB_TRUNCATED', sliceOfAny + framed('ff 82 00 fc 7f ff ff ff 00'));
    fails('GOB_TRUNCATED', framed('0a 00 fc 7f ff ff ff 00'));
    fails('GOB_TRUNCATED', framed('0a 00 f9 0f ff ff ff ff ff ff 00'));
  });

  test('refuses long names of types', () => {
    const named = (count: number) => {
      const name = toHex(new TextEncoder().encode('n'.repeat(count)));
      const writer = new ByteWriter();
      writeUint(writer, count);
      return structOfAny + framed(`ff 82 01 ${toHex(writer.finish())} ${name} 04 02 00 06 00`);
    };
    fails('none', named(1024));
    fails('GOB_BAD_VALUE', named(1025));
  });

  test('never breaks on noise', () => {
    const seed = Number(process.env['GOB_SEED'] ?? 20261120);
    let state = seed;
    const random = () => (state = (state * 48271) % 2147483647);
    const valid = new GobEncoder({ style: 'go' }).encodeAll([
      {
        schema: struct('S', { A: anyValue, B: interfaceMap }),
        value: { A: interfaceValue('int', 1) },
      },
      { schema: interfaceMap, value: { k: interfaceValue('[]interface {}', [null]) } },
    ]);
    for (let run = 0; run < 3000; run++) {
      const noisy = valid.slice();
      for (let hit = 0; hit < 1 + (run % 3); hit++)
        noisy[random() % noisy.length] = random() & 0xff;
      const code = codeOf(() => decode(noisy, { maxMessageBytes: 4096 }));
      if (code !== 'none' && !code.startsWith('GOB_'))
        throw new Error(`seed ${String(seed)}: ${code}`);
    }
  });
});

describe('limits', () => {
  test('bounds a message', () => {
    const message = (size: number) => {
      const payload = new ByteWriter().u8(0x0a).u8(0);
      const body = size - 2 - 3;
      writeUint(payload, body);
      payload.zeros(body);
      const framing = new ByteWriter();
      writeUint(framing, payload.length);
      return Uint8Array.of(...framing.finish(), ...payload.finish());
    };
    fails('none', message(1000), { maxMessageBytes: 1000 });
    fails('GOB_TOO_LARGE', message(1001), { maxMessageBytes: 1000 });
  });

  test('bounds the sum of the messages of one value', () => {
    const stream = new GobEncoder({ style: 'go' }).encode(slice(anyValue), [
      interfaceValue('[]int', [1]),
      interfaceValue('[]string', ['x']),
    ]);
    // Four messages, each behind one byte of length: the slice's type, two pieces, the rest.
    const total = stream.length - 4;
    fails('none', stream, { maxMessageBytes: total });
    fails('GOB_TOO_LARGE', stream, { maxMessageBytes: total - 1 });
  });

  test('bounds depth, with the default limit inside the call stack', () => {
    const nested = (depth: number): Uint8Array => {
      let value: unknown = null;
      for (let at = 0; at < depth; at++) value = interfaceValue('[]interface {}', [value]);
      return new GobEncoder({ limits: { maxDepth: 10_000 } }).encode(slice(anyValue), [
        value as never,
      ]);
    };
    // The outer slice and its interface count, then each slice with its interface.
    fails('none', nested(4), { maxDepth: 10 });
    fails('GOB_TOO_DEEP', nested(5), { maxDepth: 10 });
    fails('none', nested(99));
    fails('GOB_TOO_DEEP', nested(100));
  });

  test('bounds types, fields and values', () => {
    const types = (count: number) => {
      const encoder = new GobEncoder();
      return Array.from({ length: count }, () =>
        toHex(encoder.encode(struct('', { A: int, B: int }), {})),
      ).join('');
    };
    fails('none', types(5), { maxTypes: 5 });
    fails('GOB_TOO_MANY_TYPES', types(6), { maxTypes: 5 });
    fails('none', types(5), { maxFields: 10 });
    fails('GOB_TOO_MANY_TYPES', types(6), { maxFields: 10 });
    const values = (count: number) =>
      new GobEncoder().encode(
        slice(int),
        Array.from({ length: count }, () => 1),
      );
    fails('none', values(10), { maxValues: 10 });
    fails('GOB_TOO_MANY_VALUES', values(11), { maxValues: 10 });
    fails(
      'GOB_TOO_MANY_VALUES',
      new GobEncoder().encode(
        map(int, int),
        new Map([
          [1, 1],
          [2, 2],
        ]),
      ),
      {
        maxValues: 1,
      },
    );
  });

  test('applies the size limit to what is encoded, and keeps the stream whole', () => {
    const encoder = new GobEncoder({ limits: { maxMessageBytes: 100 } });
    const schema = struct('S', { A: bytes });
    expect(codeOf(() => encoder.encode(schema, { A: new Uint8Array(100) }))).toBe('GOB_TOO_LARGE');
    expect(decode(encoder.encode(schema, { A: Uint8Array.of(1) }))).toHaveLength(1);
  });
});

describe('encoder', () => {
  function refuses(
    schema: Parameters<GobEncoder['encode']>[0],
    value: unknown,
    message: string,
  ): void {
    expect(() => new GobEncoder().encode(schema, value)).toThrow(message);
  }

  test('names the part of a value that does not fit', () => {
    const schema = struct('S', { A: slice(struct('T', { N: int, M: map(string, anyValue) })) });
    refuses(schema, { A: [{}, { N: 'x' }] }, 'A.1.N: integer expected, got string');
    refuses(schema, { A: [{ N: 1.5 }] }, 'A.0.N: 1.5 is not a safe integer');
    refuses(schema, { A: [{ N: 2n ** 63n }] }, 'A.0.N: integer 9223372036854775808 out of range');
    refuses(schema, { A: [{ M: { k: 1 } }] }, 'A.0.M.k: interface value expected, got number');
    refuses(schema, { A: [null] }, 'A.0: object expected, got null');
    refuses(
      schema,
      { A: [{ M: { k: interfaceValue('time.Time', null) } }] },
      'A.0.M.k: no type is registered as time.Time',
    );
  });

  test('sends nothing of values that cannot be encoded together', () => {
    const encoder = new GobEncoder();
    const first = struct('First', { A: int });
    const second = struct('Second', { B: string });
    expect(() =>
      encoder.encodeAll([
        { schema: first, value: { A: 1 } },
        { schema: second, value: { B: 1 } },
      ]),
    ).toThrow('B: string expected');
    expect(
      decode(
        encoder.encodeAll([
          { schema: first, value: { A: 1 } },
          { schema: second, value: { B: 'x' } },
        ]),
      ),
    ).toEqual([
      Object.assign(Object.create(null) as object, { A: 1 }),
      Object.assign(Object.create(null) as object, { B: 'x' }),
    ]);
  });

  test('knows every name that Go registers by itself', () => {
    const encode = (typeName: string, value: unknown) =>
      decode(new GobEncoder().encode(slice(anyValue), [interfaceValue(typeName, value)]));
    const numbers = [
      'int',
      'int8',
      'int16',
      'int32',
      'int64',
      'uint',
      'uint8',
      'uint16',
      'uint32',
      'uint64',
      'uintptr',
      'float32',
      'float64',
    ];
    for (const name of numbers) {
      expect(encode(name, 3)).toEqual([[{ typeName: name, value: 3 }]]);
      if (name === 'uint8') continue;
      expect(encode(`[]${name}`, [3])).toEqual([[{ typeName: `[]${name}`, value: [3] }]]);
    }
    expect(encode('[]uint8', Uint8Array.of(3))).toEqual([
      [{ typeName: '[]uint8', value: Uint8Array.of(3) }],
    ]);
    expect(encode('[]bool', [true])).toHaveLength(1);
    expect(encode('complex128', { re: 1, im: 2 })).toHaveLength(1);
  });
});
