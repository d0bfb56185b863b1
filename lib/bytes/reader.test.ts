import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteReader, ByteWriter, fromHex, toHex } from './index.ts';

const safeInteger = fc.maxSafeInteger();
const safeNatural = fc.maxSafeNat();

describe('ByteReader and ByteWriter', () => {
  test('round-trip every integer form', () => {
    fc.assert(
      fc.property(safeInteger, safeNatural, fc.nat(0xffff), (signed, natural, u16) => {
        const bytes = new ByteWriter(1)
          .varint(signed)
          .uvarint(natural)
          .i64be(signed)
          .u64be(natural)
          .u16be(u16)
          .u32be(natural % 0x1_0000_0000)
          .finish();
        const reader = new ByteReader(bytes);
        expect(reader.varint()).toBe(signed);
        expect(reader.uvarint()).toBe(natural);
        expect(reader.i64be()).toBe(signed);
        expect(reader.u64be()).toBe(natural);
        expect(reader.u16be()).toBe(u16);
        expect(reader.u32be()).toBe(natural % 0x1_0000_0000);
        expect(reader.remaining).toBe(0);
        reader.check();
      }),
    );
  });

  function encodesVarint(value: number, hex: string): void {
    expect(toHex(new ByteWriter().varint(value).finish())).toBe(hex);
    expect(new ByteReader(fromHex(hex)).varint()).toBe(value);
  }

  test('encodes varints as Go does', () => {
    encodesVarint(0, '00');
    encodesVarint(-1, '01');
    encodesVarint(1, '02');
    encodesVarint(63, '7e');
    encodesVarint(-64, '7f');
    encodesVarint(64, '8001');
    encodesVarint(32768, '808004');
    encodesVarint(1_700_000_000_000, '80a0abfef962');
    encodesVarint(Number.MIN_SAFE_INTEGER, 'fdffffffffffff1f');
  });

  test('keeps varints at every border of their lengths', () => {
    for (let bits = 5; bits < 53; bits++) {
      for (const value of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]) {
        const bytes = new ByteWriter(1).uvarint(value).varint(value).varint(-value).finish();
        const reader = new ByteReader(bytes);
        expect([reader.uvarint(), reader.varint(), reader.varint()]).toEqual([
          ...[value, value, -value],
        ]);
        const cut = new ByteReader(bytes, 0, new ByteWriter().uvarint(value).length - 1);
        cut.uvarint();
        expect(cut.error?.code).toBe('BYTES_TRUNCATED');
      }
    }
  });

  test('keeps texts of every length, with and without other letters', () => {
    for (const length of [0, 1, 23, 24, 25, 127, 128, 129, 300]) {
      for (const end of ['', 'é', '～', '😀']) {
        const text = 'a'.repeat(length) + end;
        const bytes = new ByteWriter(1).u8(7).str(text).u8(9).finish();
        const plain = new ByteWriter().u8(7).uvarint(Buffer.byteLength(text)).utf8(text).u8(9);
        expect(toHex(bytes)).toBe(toHex(plain.finish()));
        const reader = new ByteReader(bytes, 1);
        expect([reader.str(), reader.u8(), reader.remaining]).toEqual([text, 9, 0]);
      }
    }
  });

  test('keeps the first error and reads zeros from then on', () => {
    const reader = new ByteReader(fromHex('0102'));
    expect(reader.u32be()).toBe(0);
    expect(reader.error?.code).toBe('BYTES_TRUNCATED');
    expect(reader.error?.offset).toBe(0);
    expect(reader.u8()).toBe(0);
    expect(() => {
      reader.check();
    }).toThrow('4 bytes wanted, 2 left');
  });

  test('fails at every truncation of a varint, a text and a fixed integer', () => {
    const whole = new ByteWriter()
      .uvarint(1 << 20)
      .str('größe')
      .i64be(-5)
      .finish();
    for (let end = 0; end < whole.length; end++) {
      const reader = new ByteReader(whole, 0, end);
      reader.uvarint();
      reader.str();
      reader.i64be();
      expect(reader.error).toBeDefined();
    }
  });

  test('refuses integers beyond 2^53-1', () => {
    const max = new ByteReader(fromHex('001fffffffffffff'));
    expect(max.u64be()).toBe(Number.MAX_SAFE_INTEGER);
    const beyond = new ByteReader(fromHex('0020000000000000'));
    beyond.u64be();
    expect(beyond.error?.code).toBe('BYTES_OVERFLOW');
    const endless = new ByteReader(fromHex('8080808080808080808001'));
    endless.uvarint();
    expect(endless.error?.code).toBe('BYTES_OVERFLOW');
    expect(() => new ByteWriter().uvarint(2 ** 53)).toThrow('2^53-1');
    expect(() => new ByteWriter().uvarint(-1)).toThrow('negative');
  });

  test('refuses malformed UTF-8 and keeps a byte order mark', () => {
    const bad = new ByteReader(fromHex('02c328'));
    bad.str();
    expect(bad.error?.code).toBe('BYTES_BAD_UTF8');
    expect(new ByteReader(fromHex('04efbbbf61')).str()).toBe('\ufeffa');
  });
});
