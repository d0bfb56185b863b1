import { describe, expect, test } from '@jest/globals';

import { ByteWriter, fromHex, toHex } from '../../bytes/index.ts';
import { seededRng, systemClock } from '../../runtime/index.ts';
import { TsdbError } from '../errors.ts';
import { maxTimeMs } from '../limits.ts';
import { SampleBatch } from '../sample-batch.ts';
import {
  SamplesEncoder,
  decodeSamplesRecord,
  decodeSeriesRecord,
  encodeSeriesRecord,
  walRecordKind,
  walSegmentName,
  parseWalSegmentName,
  checkpointName,
  parseCheckpointName,
} from './index.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

function batchOf(samples: readonly [ref: number, timeMs: number, lo: number, hi: number][]) {
  const batch = new SampleBatch(1);
  for (const [ref, timeMs, lo, hi] of samples) batch.push(ref, lo, hi, timeMs);
  return batch;
}

function listOf(batch: SampleBatch): number[][] {
  return Array.from({ length: batch.count }, (_, at) => [
    batch.refs[at]!,
    batch.timesMs[at]!,
    batch.lo[at]!,
    batch.hi[at]!,
  ]);
}

/** Runs a decoder on what may be damaged; anything else than a TsdbError fails the test. */
function survives(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof TsdbError)) throw error;
    expect(error.code).toBe('TSDB_WAL_CORRUPT');
  }
}

describe('WAL records', () => {
  test('writes series as Prometheus does', () => {
    const series = [
      { ref: 1, labels: ['__name__', 'up', 'job', 'é'] },
      { ref: 300, labels: [] },
    ];
    const record = encodeSeriesRecord(series);
    expect(toHex(record)).toBe(
      '01' +
        '0000000000000001' +
        '02' +
        '085f5f6e616d655f5f' +
        '027570' +
        '036a6f62' +
        '02c3a9' +
        '000000000000012c' +
        '00',
    );
    expect(walRecordKind(record)).toBe('series');
    expect(decodeSeriesRecord(record)).toEqual(series);
  });

  test('writes samples with signed differences to the first', () => {
    const samples: [number, number, number, number][] = [
      [10, 1000, 2, 0x7ff00000],
      [9, 1000, 1, 2],
      [74, 999, 3, 4],
    ];
    const record = new SamplesEncoder().encode(batchOf(samples));
    expect(toHex(record)).toBe(
      '02' +
        '000000000000000a' +
        '00000000000003e8' +
        '0000' +
        '7ff0000000000002' +
        '0100' +
        '0000000200000001' +
        '800101' +
        '0000000400000003',
    );
    expect(walRecordKind(record)).toBe('samples');
    const into = new SampleBatch(1);
    expect(decodeSamplesRecord(record, into)).toBe(3);
    expect(listOf(into)).toEqual(samples);
  });

  test('writes a part of a batch, and none of it', () => {
    const batch = batchOf([
      [1, 5, 0, 0],
      [2, 6, 0, 0],
      [3, 7, 0, 0],
    ]);
    const encoder = new SamplesEncoder();
    const into = new SampleBatch(1);
    decodeSamplesRecord(encoder.encode(batch, 1, 2), into);
    expect(listOf(into)).toEqual([[2, 6, 0, 0]]);
    expect(decodeSamplesRecord(encoder.encode(batch, 1, 1), into)).toBe(0);
  });

  test('skips the types it does not need', () => {
    for (const type of [0, 3, 4, 5, 6, 7, 11, 255]) {
      expect(walRecordKind(Uint8Array.of(type, 1, 2))).toBe('other');
    }
    expect(walRecordKind(new Uint8Array(0))).toBe('other');
  });

  test(`gives back what went in, seed ${String(seed)}`, () => {
    const rng = seededRng(seed);
    const encoder = new SamplesEncoder();
    for (let round = 0; round < 50; round++) {
      const samples = Array.from(
        { length: rng.u32() % 300 },
        (): [number, number, number, number] => [
          rng.u32(),
          rng.u32() % 3 === 0 ? (rng.u32() - 2 ** 31) * 2 ** 19 : 1.7e12 + (rng.u32() % 100),
          rng.u32(),
          rng.u32(),
        ],
      );
      const into = new SampleBatch(1);
      decodeSamplesRecord(encoder.encode(batchOf(samples)), into);
      expect(listOf(into)).toEqual(samples);
    }
  });

  test.each([0, 5, 9000, 2 ** 31, 2 ** 32 - 9000, 2 ** 32 - 1])(
    'writes every short difference to reference %p as varints are',
    (base) => {
      const nearby = [63, 64, 65, 8191, 8192, 8193, 2 ** 20, 2 ** 31, 2 ** 32 - 1];
      const refs = [...nearby, ...nearby.map((delta) => -delta), 0, 1, -1]
        .map((delta) => base + delta)
        .filter((ref) => ref >= 0 && ref < 2 ** 32);
      const samples = [base, ...refs].map((ref, at): [number, number, number, number] => [
        ref,
        1.7e12 + (at % 9 === 8 ? 1 : 0),
        at,
        7,
      ]);
      const writer = new ByteWriter().u8(2).u64be(base).i64be(1.7e12);
      for (const [ref, timeMs, lo, hi] of samples) {
        writer.varint(ref - base).varint(timeMs - 1.7e12);
        writer.u32be(hi).u32be(lo);
      }
      expect(toHex(new SamplesEncoder().encode(batchOf(samples)))).toBe(toHex(writer.finish()));
    },
  );

  test('keeps the extremes of times', () => {
    const samples: [number, number, number, number][] = [
      [0, -maxTimeMs, 0, 0],
      [0xffff_ffff, maxTimeMs, 0, 0],
      [0, -maxTimeMs, 0xffff_ffff, 0xffff_ffff],
    ];
    const into = new SampleBatch(1);
    decodeSamplesRecord(new SamplesEncoder().encode(batchOf(samples)), into);
    expect(listOf(into)).toEqual(samples);
  });
});

describe('damaged WAL records', () => {
  const series = encodeSeriesRecord([{ ref: 1, labels: ['__name__', 'up', 'job', 'x'] }]);
  const samples = new SamplesEncoder().encode(
    batchOf([
      [1, 1.7e12, 1, 2],
      [2, 1.7e12, 1, 2],
    ]),
  );

  test('fail at every truncation', () => {
    for (let length = 2; length < series.length; length++) {
      expect(() => decodeSeriesRecord(series.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'TSDB_WAL_CORRUPT' }),
      );
    }
    // A cut between two samples leaves a whole record of one.
    const oneSample = 17 + 10;
    for (let length = 2; length < samples.length; length++) {
      if (length === 17 || length === oneSample) continue;
      expect(() => decodeSamplesRecord(samples.subarray(0, length), new SampleBatch(1))).toThrow(
        expect.objectContaining({ code: 'TSDB_WAL_CORRUPT' }),
      );
    }
  });

  test('never fail in another way', () => {
    const rng = seededRng(seed);
    for (const record of [series, samples]) {
      for (let bit = 0; bit < record.length * 8; bit++) {
        const damaged = record.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        survives(() => decodeSeriesRecord(damaged));
        survives(() => decodeSamplesRecord(damaged, new SampleBatch(1)));
      }
    }
    for (let round = 0; round < 500; round++) {
      const bytes = rng.bytes(1 + (rng.u32() % 60));
      bytes[0] = 1 + (round % 2);
      survives(() => decodeSeriesRecord(bytes));
      survives(() => decodeSamplesRecord(bytes, new SampleBatch(1)));
    }
    survives(() => decodeSeriesRecord(new Uint8Array(0)));
    survives(() => decodeSeriesRecord(fromHex('01 0000000000000001 ffffffff7f')));
  });
});

describe('WAL names', () => {
  test('count segments with eight digits', () => {
    expect(walSegmentName(5)).toBe('00000005');
    expect(checkpointName(12)).toBe('checkpoint.00000012');
    expect(parseWalSegmentName('00000005')).toBe(5);
    expect(parseWalSegmentName('100000000')).toBe(100_000_000);
    expect(parseCheckpointName('checkpoint.00000012')).toBe(12);
  });

  test('leave other names alone', () => {
    for (const name of ['', '5', '0000005x', 'checkpoint.00000005.tmp', 'checkpoint.00000005']) {
      expect(parseWalSegmentName(name)).toBeUndefined();
    }
    for (const name of ['00000005', 'checkpoint.', 'checkpoint.00000005.tmp']) {
      expect(parseCheckpointName(name)).toBeUndefined();
    }
  });
});
