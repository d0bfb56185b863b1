import { describe, expect, test } from '@jest/globals';

import { seededRng, systemClock } from '../../runtime/index.ts';
import { TsdbError } from '../errors.ts';
import { maxChunkSamples, maxTimeMs } from '../limits.ts';
import { ChunkEncoder, ChunkIterator, SampleColumns, decodeChunk, encodeChunk } from './index.ts';
import { naiveChunk, type NaiveSample } from './naive-chunk-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

/** Values as a busy server has them: steady, counting, jumping, special. */
function randomSamples(rng: { u32(): number }, count: number): NaiveSample[] {
  const view = new DataView(new ArrayBuffer(8));
  const samples: NaiveSample[] = [];
  const kind = rng.u32() % 5;
  let timeMs = rng.u32() % 3 === 0 ? -(rng.u32() % 1e9) : 1.7e12 + rng.u32();
  let value = rng.u32() % 1000;
  for (let at = 0; at < count; at++) {
    if (kind === 1) value += rng.u32() % 3;
    else if (kind === 2) value = rng.u32() / (1 + (rng.u32() % 1000));
    view.setFloat64(0, value);
    if (kind === 3) view.setBigUint64(0, (BigInt(rng.u32()) << 32n) | BigInt(rng.u32()));
    if (kind === 4 && rng.u32() % 4 === 0) view.setBigUint64(0, 0x7ff0000000000002n);
    samples.push({ timeMs, bits: view.getBigUint64(0) });
    timeMs += nextDelta(rng);
  }
  return samples;
}

/** Mostly the interval, often beside it, sometimes far away: every width of the encoding. */
function nextDelta(rng: { u32(): number }): number {
  const choice = rng.u32() % 16;
  if (choice < 8) return 15_000;
  if (choice < 12) return 15_000 + (rng.u32() % 5);
  if (choice < 13) return 15_000 + [8191, 8192, 8193, 65_535, 65_536, 65_537][rng.u32() % 6]!;
  if (choice < 14) return 524_287 + (rng.u32() % 3);
  return choice < 15 ? 1 + (rng.u32() % 2_000_000) : 1 + rng.u32() * (rng.u32() % 64);
}

function columnsOf(samples: readonly NaiveSample[]): SampleColumns {
  const columns = new SampleColumns(1);
  for (const { timeMs, bits } of samples) {
    columns.push(timeMs, Number(bits & 0xffff_ffffn), Number(bits >> 32n));
  }
  return columns;
}

function samplesOf(columns: SampleColumns): NaiveSample[] {
  return Array.from({ length: columns.count }, (_, at) => ({
    timeMs: columns.times[at]!,
    bits: (BigInt(columns.hi[at]!) << 32n) | BigInt(columns.lo[at]!),
  }));
}

/** Decodes what may be damaged: samples, or a TsdbError; everything else fails the test. */
function tryDecode(chunk: Uint8Array): SampleColumns | TsdbError {
  const into = new SampleColumns(0);
  try {
    decodeChunk(chunk, into);
    return into;
  } catch (error) {
    if (error instanceof TsdbError) return error;
    throw error;
  }
}

describe(`chunk coding, seed ${String(seed)}`, () => {
  test('equals the naive twin and decodes to what went in', () => {
    const rng = seededRng(seed);
    for (let round = 0; round < 200; round++) {
      const samples = randomSamples(rng, 1 + (rng.u32() % 130));
      const { times, lo, hi, count } = columnsOf(samples);
      const chunk = encodeChunk(times, lo, hi, 0, count);
      expect(chunk).toEqual(naiveChunk(samples));
      const into = new SampleColumns(0);
      expect(decodeChunk(chunk, into)).toBe(count);
      expect(samplesOf(into)).toEqual(samples);
    }
  });

  test('encodes a slice of the columns, and again after a reset', () => {
    const samples = randomSamples(seededRng(seed), 50);
    const { times, lo, hi } = columnsOf(samples);
    expect(encodeChunk(times, lo, hi, 10, 30)).toEqual(naiveChunk(samples.slice(10, 30)));
    const encoder = new ChunkEncoder(4);
    for (let at = 0; at < 40; at++) encoder.append(times[at]!, lo[at]!, hi[at]!);
    encoder.reset();
    for (let at = 10; at < 30; at++) encoder.append(times[at]!, lo[at]!, hi[at]!);
    expect(encoder.byteLength).toBe(encoder.finish().length);
    expect(encoder.finish()).toEqual(naiveChunk(samples.slice(10, 30)));
  });

  test('reports every truncation', () => {
    const rng = seededRng(seed);
    for (let round = 0; round < 8; round++) {
      const { times, lo, hi, count } = columnsOf(randomSamples(rng, 40));
      const chunk = encodeChunk(times, lo, hi, 0, count);
      for (let length = 0; length < chunk.length; length++) {
        // Once with nothing behind the cut, once as a view with the true bytes behind it.
        const error = { code: 'TSDB_CHUNK_CORRUPT' };
        expect(tryDecode(chunk.slice(0, length))).toMatchObject(error);
        expect(tryDecode(chunk.subarray(0, length))).toMatchObject(error);
      }
    }
  });

  test('survives every flipped bit and random bytes', () => {
    const rng = seededRng(seed);
    const { times, lo, hi, count } = columnsOf(randomSamples(rng, 60));
    const chunk = encodeChunk(times, lo, hi, 0, count);
    for (let bit = 0; bit < chunk.length * 8; bit++) {
      const damaged = chunk.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const result = tryDecode(damaged);
      if (result instanceof TsdbError) expect(result.code).toBe('TSDB_CHUNK_CORRUPT');
    }
    for (let round = 0; round < 500; round++) tryDecode(rng.bytes(rng.u32() % 200));
  });
});

describe('chunk limits', () => {
  const f = (append: (encoder: ChunkEncoder) => void, code: string) => {
    expect(() => append(new ChunkEncoder())).toThrow(expect.objectContaining({ code }));
  };

  test('holds 65,535 samples and not one more', () => {
    const encoder = new ChunkEncoder();
    for (let at = 0; at < maxChunkSamples; at++) encoder.append(at, 0, 0);
    expect(() => encoder.append(maxChunkSamples, 0, 0)).toThrow(
      expect.objectContaining({ code: 'TSDB_CHUNK_FULL' }),
    );
    const into = new SampleColumns(0);
    expect(decodeChunk(encoder.finish(), into)).toBe(maxChunkSamples);
    expect(into.times[maxChunkSamples - 1]).toBe(maxChunkSamples - 1);
  });

  test('stores times up to the limit', () => {
    const encoder = new ChunkEncoder();
    for (const time of [-maxTimeMs, 0, 1, maxTimeMs]) encoder.append(time, 0, 0);
    const into = new SampleColumns(0);
    decodeChunk(encoder.finish(), into);
    expect([...into.times.subarray(0, 4)]).toEqual([-maxTimeMs, 0, 1, maxTimeMs]);
  });

  test('refuses what cannot be stored', () => {
    f((encoder) => encoder.append(maxTimeMs + 1, 0, 0), 'TSDB_TIME_RANGE');
    f((encoder) => encoder.append(-maxTimeMs - 1, 0, 0), 'TSDB_TIME_RANGE');
    f((encoder) => encoder.append(1.5, 0, 0), 'TSDB_TIME_RANGE');
    f((encoder) => encoder.append(NaN, 0, 0), 'TSDB_TIME_RANGE');
    f((encoder) => encoder.finish(), 'TSDB_OUT_OF_ORDER');
    f((encoder) => {
      encoder.append(5, 0, 0);
      encoder.append(5, 0, 0);
    }, 'TSDB_OUT_OF_ORDER');
  });

  test('gives no sample for a chunk that says it has none', () => {
    expect(new ChunkIterator(new Uint8Array(2)).next()).toBe(false);
  });
});
