import { describe, expect, test } from '@jest/globals';

import { ByteWriter, fromHex, toHex } from '../../bytes/index.ts';
import { MemorySource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { maxChunkBytes, maxChunkSegments } from '../limits.ts';
import {
  SegmentReader,
  chunkRef,
  chunkSegmentName,
  frameChunk,
  maxFramedChunkBytes,
  segmentHeader,
  splitChunkRef,
} from './index.ts';

const data = fromHex('0004000000000000000000e0d40300');

function segment(...chunks: Uint8Array[]): Uint8Array {
  const writer = new ByteWriter().bytes(segmentHeader());
  for (const chunk of chunks) frameChunk(writer, 1, chunk);
  return writer.finish().slice();
}

function open(bytes: Uint8Array): SegmentReader {
  return new SegmentReader(new MemorySource(bytes), 0);
}

describe('chunk segment', () => {
  test('writes header, length, encoding, data and checksum', () => {
    expect(toHex(segment(data))).toBe(
      '85bd40dd01000000' + '0f' + '01' + '0004000000000000000000e0d40300' + '5d77b03d',
    );
    expect(chunkSegmentName(0)).toBe('000001');
    expect(maxFramedChunkBytes(data.length)).toBe(data.length + 10);
  });

  test('reads chunks by their references', () => {
    const bytes = segment(data, data.subarray(0, 3), data);
    const reader = open(bytes);
    expect(reader.chunkAt(8)).toEqual({ encoding: 1, data });
    expect(reader.chunkAt(29)).toEqual({ encoding: 1, data: data.subarray(0, 3) });
    expect(reader.chunkAt(38)).toEqual({ encoding: 1, data });
    const ref = chunkRef(3, 4_000_000_000);
    expect(splitChunkRef(ref)).toEqual({ segment: 3, offset: 4_000_000_000 });
  });

  test('reports every truncation and every flipped bit', () => {
    const bytes = segment(data);
    const read = (damaged: Uint8Array) => {
      try {
        return open(damaged).chunkAt(8);
      } catch (error) {
        if (error instanceof TsdbError) return error;
        throw error;
      }
    };
    for (let length = 0; length < bytes.length; length++) {
      expect(read(bytes.slice(0, length))).toBeInstanceOf(TsdbError);
    }
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const isPadding = bit >> 3 >= 5 && bit >> 3 < 8;
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      if (!isPadding) expect(read(damaged)).toBeInstanceOf(TsdbError);
    }
  });

  test('refuses what cannot be a chunk', () => {
    const f = (run: () => unknown, code: string) =>
      expect(run).toThrow(expect.objectContaining({ code }));
    const reader = open(segment(data));
    f(() => reader.chunkAt(0), 'TSDB_CORRUPT');
    f(() => reader.chunkAt(29), 'TSDB_CORRUPT');
    f(() => reader.chunkAt(2 ** 40), 'TSDB_CORRUPT');
    const long = new ByteWriter()
      .bytes(segmentHeader())
      .uvarint(maxChunkBytes + 1)
      .zeros(20);
    f(() => open(long.finish()).chunkAt(8), 'TSDB_CORRUPT');
    f(() => frameChunk(new ByteWriter(), 1, new Uint8Array(maxChunkBytes + 1)), 'TSDB_LIMIT');
    frameChunk(new ByteWriter(), 1, new Uint8Array(maxChunkBytes));
    const wrongMagic = segment(data);
    wrongMagic[0] = 0;
    f(() => open(wrongMagic), 'TSDB_BAD_MAGIC');
    const wrongVersion = segment(data);
    wrongVersion[4] = 2;
    f(() => open(wrongVersion), 'TSDB_BAD_VERSION');
    f(() => new SegmentReader(new MemorySource(segment()), maxChunkSegments), 'TSDB_LIMIT');
  });
});
