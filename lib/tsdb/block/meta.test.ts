import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { maxMetaBytes, maxTimeMs } from '../limits.ts';
import { parseBlockMeta, printBlockMeta, type BlockMeta } from './index.ts';

const vectors = `${import.meta.dirname}/../../../test/vectors/tsdb`;

const ulid = '01M7W6S83T2VVMV8J1QZG9HRD8';
const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (value: unknown) => parseBlockMeta(bytesOf(JSON.stringify(value)));
const least = { version: 1, ulid, minTime: 1, maxTime: 2 };

describe('meta.json', () => {
  test('prints byte for byte what Prometheus wrote', () => {
    const text = readFileSync(`${vectors}/${ulid}/meta.json`, 'utf8');
    const meta = parseBlockMeta(bytesOf(text));
    expect(meta.stats).toEqual({ numSamples: 102, numSeries: 4, numChunks: 4 });
    expect(printBlockMeta(meta)).toBe(text);
  });

  test('takes the least that Prometheus takes', () => {
    expect(parse(least)).toEqual({
      ulid,
      minTime: 1,
      maxTime: 2,
      stats: { numSamples: 0, numSeries: 0, numChunks: 0 },
      compaction: { level: 0, sources: [] },
    });
  });

  test('keeps what it does not know', () => {
    const meta: BlockMeta = {
      ulid,
      minTime: -5,
      maxTime: maxTimeMs,
      stats: { numSamples: 1, numSeries: 2, numChunks: 3, numTombstones: 4, extra: { x: [1] } },
      compaction: {
        level: 2,
        sources: [ulid],
        parents: [{ ulid, minTime: 1, maxTime: 2 }],
        deletable: true,
        failed: false,
        extra: { hints: ['from-out-of-order'] },
      },
      extra: { thanos: { labels: { a: 'b' } }, ['__proto__']: { bad: true } },
    };
    expect(parseBlockMeta(bytesOf(printBlockMeta(meta)))).toEqual(meta);
    expect(Object.getPrototypeOf(parseBlockMeta(bytesOf(printBlockMeta(meta))).extra)).toBe(
      Object.prototype,
    );
  });

  test('takes null for the lists that Go may leave nil', () => {
    const compaction = { level: 1, sources: null, parents: null };
    expect(parse({ ...least, compaction }).compaction).toEqual({ level: 1, sources: [] });
  });

  test('refuses everything else with a code', () => {
    const f = (value: unknown, code = 'TSDB_BAD_META') =>
      expect(() => parse(value)).toThrow(expect.objectContaining({ code }));
    f({ ...least, version: 2 }, 'TSDB_BAD_VERSION');
    f({ ...least, version: undefined }, 'TSDB_BAD_VERSION');
    f(null);
    f([]);
    f('x');
    f({ ...least, ulid: 'x' });
    f({ ...least, ulid: 5 });
    f({ ...least, minTime: '1' });
    f({ ...least, minTime: 1.5 });
    f({ ...least, minTime: 3 });
    f({ ...least, maxTime: maxTimeMs * 2 });
    f({ ...least, stats: [] });
    f({ ...least, stats: { numSamples: -1 } });
    f({ ...least, compaction: { level: '1' } });
    f({ ...least, compaction: { sources: 'x' } });
    f({ ...least, compaction: { sources: ['x'] } });
    f({ ...least, compaction: { parents: [5] } });
    f({ ...least, compaction: { parents: [{ ulid }] } });
    f({ ...least, compaction: { deletable: 'yes' } });
  });

  test('reads damaged bytes without any other error', () => {
    const text = printBlockMeta(parse(least));
    for (let length = 0; length < text.length; length++) {
      expect(() => parseBlockMeta(bytesOf(text.slice(0, length)))).toThrow(
        expect.objectContaining({ code: 'TSDB_BAD_META' }),
      );
    }
    expect(() => parseBlockMeta(Uint8Array.of(0xff, 0xfe))).toThrow(
      expect.objectContaining({ code: 'TSDB_BAD_META' }),
    );
  });

  test('reads up to its limit of bytes', () => {
    const text = JSON.stringify(least);
    const padded = (length: number) => bytesOf(text + ' '.repeat(length - text.length));
    expect(parseBlockMeta(padded(maxMetaBytes)).ulid).toBe(ulid);
    expect(() => parseBlockMeta(padded(maxMetaBytes + 1))).toThrow(
      expect.objectContaining({ code: 'TSDB_LIMIT' }),
    );
  });
});
