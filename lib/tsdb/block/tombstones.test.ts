import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { ByteWriter, crc32c, toHex } from '../../bytes/index.ts';
import { seededRng } from '../../runtime/index.ts';
import { TsdbError } from '../errors.ts';
import { maxTimeMs, maxTombstonesBytes } from '../limits.ts';
import { parseTombstones, printTombstones } from './index.ts';

const vectors = `${import.meta.dirname}/../../../test/vectors/tsdb`;

function file(entries: Uint8Array): Uint8Array {
  return new ByteWriter().u32be(0x0130ba30).u8(1).bytes(entries).u32be(crc32c(entries)).finish();
}

function entry(ref: number, mint: number, maxt: number): Uint8Array {
  return new ByteWriter().uvarint(ref).varint(mint).varint(maxt).finish();
}

describe('tombstones', () => {
  test('writes the empty file as Prometheus does', () => {
    const bytes = printTombstones(new Map());
    expect(toHex(bytes)).toBe('0130ba300100000000');
    const theirs = readFileSync(`${vectors}/01M7W6S83T2VVMV8J1QZG9HRD8/tombstones`);
    expect(new Uint8Array(theirs)).toEqual(bytes);
    expect(parseTombstones(bytes).size).toBe(0);
  });

  test('gives back what went in', () => {
    const tombstones = new Map([
      [
        3,
        [
          { mint: -5, maxt: 10 },
          { mint: 12, maxt: 12 },
        ],
      ],
      [900_000, [{ mint: -maxTimeMs, maxt: maxTimeMs }]],
    ]);
    expect(parseTombstones(printTombstones(tombstones))).toEqual(tombstones);
  });

  test('joins intervals that touch', () => {
    const entries = [entry(1, 20, 30), entry(1, 0, 5), entry(1, 6, 8), entry(1, 25, 26)];
    const bytes = file(new Uint8Array(Buffer.concat(entries)));
    expect(parseTombstones(bytes).get(1)).toEqual([
      { mint: 0, maxt: 8 },
      { mint: 20, maxt: 30 },
    ]);
  });

  test('refuses damage', () => {
    const f = (bytes: Uint8Array, code: string) =>
      expect(() => parseTombstones(bytes)).toThrow(expect.objectContaining({ code }));
    const good = file(entry(1, 20, 30));
    f(good.subarray(0, 8), 'TSDB_TRUNCATED');
    f(Uint8Array.of(9, ...good.subarray(1)), 'TSDB_BAD_MAGIC');
    f(Uint8Array.of(...good.subarray(0, 4), 2, ...good.subarray(5)), 'TSDB_BAD_VERSION');
    f(good.subarray(0, good.length - 1), 'TSDB_BAD_CHECKSUM');
    f(file(Uint8Array.of(1, 2)), 'TSDB_CORRUPT');
    f(file(entry(1, 5, 4)), 'TSDB_CORRUPT');
    f(file(entry(1, 5, maxTimeMs + 1)), 'TSDB_CORRUPT');
    f(new Uint8Array(maxTombstonesBytes + 1), 'TSDB_LIMIT');
    const rng = seededRng(5);
    for (let round = 0; round < 500; round++) {
      try {
        parseTombstones(file(rng.bytes(rng.u32() % 40)));
      } catch (error) {
        expect(error).toBeInstanceOf(TsdbError);
      }
    }
  });
});
