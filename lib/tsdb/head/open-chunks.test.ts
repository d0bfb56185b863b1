import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../bytes/index.ts';
import { seededRng } from '../../runtime/index.ts';
import { ChunkEncoder } from '../chunk/index.ts';
import { SampleBatch } from '../sample-batch.ts';
import { bitsOf, testSeed } from '../store/store-fixture.ts';
import { pageBytes, slotBytes } from './arena.ts';
import { appendOutcome, OpenChunks } from './open-chunks.ts';

const rangeMs = 7_200_000;
interface Closed {
  series: number;
  mintMs: number;
  maxtMs: number;
  data: string;
  count: number;
}

/** Open chunks that remember what they closed. */
function openChunks(slots = 8): { chunks: OpenChunks; closed: Closed[] } {
  const closed: Closed[] = [];
  const chunks = new OpenChunks(rangeMs, (series, mintMs, maxtMs, page, start, length) => {
    const data = toHex(new Uint8Array(page.buffer, start, length));
    closed.push({ series, mintMs, maxtMs, data, count: page.getUint16(start) });
  });
  chunks.reserve(slots);
  for (let slot = 0; slot < slots; slot++) chunks.reset(slot);
  return { chunks, closed };
}

function copied(chunks: OpenChunks, series: number): string {
  const bytes = new Uint8Array(2048);
  return toHex(bytes.subarray(0, chunks.copy(series, bytes, 0)));
}

/** A series of one of five kinds of values, at times that are mostly regular. */
function randomSeries(rng: { u32(): number }, series: number, count: number): Sample[] {
  const step = [1000, 15000, 60000][series % 3]!;
  const kind = rng.u32() % 5;
  const list: Sample[] = [];
  let timeMs = 1_699_999_200_000 + (rng.u32() % 1000);
  let value = rng.u32() % 1000;
  for (let at = 0; at < count; at++) {
    if (kind === 1) value += rng.u32() % 10;
    else if (kind === 2) value = rng.u32() / (1 + (rng.u32() % 99));
    else if (kind === 3 && rng.u32() % 3 === 0) value = -value * 1.1;
    const isStale = kind === 4 && rng.u32() % 7 === 0;
    list.push([timeMs, ...(isStale ? ([2, 0x7ff0_0000] as const) : bitsOf(value))]);
    timeMs += rng.u32() % 5 === 0 ? 1 + (rng.u32() % (4 * step)) : step;
  }
  return list;
}

type Sample = [timeMs: number, lo: number, hi: number];

describe('encoding', () => {
  test.each([
    ['A', [[1000, 1]], '0001d00f3ff0000000000000'],
    [
      'B',
      [
        [0, 0],
        [60000, 0],
        [120000, 0],
        [180000, 0],
      ],
      '0004000000000000000000e0d40300',
    ],
    [
      'C',
      [
        [1.7e12, 1],
        [1.7e12 + 60000, 2],
        [1.7e12 + 120000, 4],
        [1.7e12 + 180000, 7],
      ],
      '000480a0abfef9623ff0000000000000e0d403c25fff4005b02c',
    ],
    [
      'E',
      [
        [0, 1],
        [10000, 1],
        [28192, 1],
        [38193, 1],
        [56387, 1],
      ],
      '0005003ff0000000000000904e50002800584002',
    ],
  ] as [string, [number, number][], string][])('gives golden vector %s', (_name, samples, want) => {
    const { chunks } = openChunks();
    for (const [timeMs, value] of samples) {
      expect(chunks.append(1, timeMs, ...bitsOf(value))).toBe(appendOutcome.stored);
    }
    expect(copied(chunks, 1)).toBe(want);
  });

  test('equals the chunk encoder on random series, one by one and in runs', () => {
    const seed = testSeed();
    const rng = seededRng(seed);
    const { chunks, closed } = openChunks(40);
    const samples = Array.from({ length: 40 }, (_, series) => randomSeries(rng, series, 400));
    for (let at = 0; at < 400; at++) {
      const batch = new SampleBatch(40);
      samples.forEach((list, series) =>
        batch.push(series, list[at]![1], list[at]![2], list[at]![0]),
      );
      for (let next = 0; next < batch.count; next++) {
        if (at % 100 < 90) next = chunks.appendRun(batch, next, batch.count);
        if (next < batch.count) chunks.append(next, ...samples[next]![at]!);
      }
    }
    for (let series = 0; series < 40; series++) {
      const list = samples[series]!;
      const parts = closed.filter((chunk) => chunk.series === series);
      const sizes = [...parts.map((part) => part.count), chunks.count(series)];
      const texts = [...parts.map((part) => part.data), copied(chunks, series)];
      let from = 0;
      sizes.forEach((size, part) => {
        const encoder = new ChunkEncoder();
        for (const sample of list.slice(from, from + size)) encoder.append(...sample);
        expect([seed, series, texts[part]]).toEqual([seed, series, toHex(encoder.finish())]);
        from += size;
      });
      expect(from).toBe(list.length);
    }
  });

  test('keeps a 64-bit time difference', () => {
    const { chunks } = openChunks();
    const encoder = new ChunkEncoder();
    // The chunk ends with the block range, so a far jump is only possible inside a far range.
    for (const timeMs of [0, 1, 3_000_000, 3_000_001]) {
      chunks.append(1, timeMs, 0, 0);
      encoder.append(timeMs, 0, 0);
    }
    expect(copied(chunks, 1)).toBe(toHex(encoder.finish()));
  });
});

describe('cutting', () => {
  /** Closed chunk sizes when `count` samples come every `stepMs`. */
  function sizes(count: number, stepMs: number, value: (at: number) => number): number[] {
    const { chunks, closed } = openChunks();
    for (let at = 0; at < count; at++) chunks.append(1, at * stepMs, ...bitsOf(value(at)));
    return closed.map((chunk) => chunk.count);
  }

  test('gives one chunk per range at 60 s', () => {
    expect(sizes(121, 60_000, () => 1)).toEqual([120]);
  });

  test('gives four equal chunks per range at 15 s', () => {
    expect(sizes(481, 15_000, (at) => at)).toEqual([120, 120, 120, 120]);
  });

  test('closes at 240 samples when the rate rises', () => {
    const { chunks, closed } = openChunks();
    let timeMs = 0;
    for (let at = 0; at < 31; at++) chunks.append(1, (timeMs += 60_000), 0, 0);
    for (let at = 0; at < 300; at++) chunks.append(1, (timeMs += 10), 0, 0);
    expect(closed.map((chunk) => chunk.count)).toEqual([240]);
  });

  test('closes above 1,005 bytes', () => {
    const rng = seededRng(7);
    const { chunks, closed } = openChunks();
    for (let at = 0; at < 140; at++) chunks.append(1, at * 60_000 + (at % 2), rng.u32(), rng.u32());
    const [first] = closed;
    expect(first!.data.length / 2).toBeGreaterThan(1005);
    expect(first!.data.length / 2).toBeLessThanOrEqual(1024);
  });

  test('never crosses a range', () => {
    const { chunks, closed } = openChunks();
    chunks.append(1, rangeMs - 1, 0, 0);
    chunks.append(1, rangeMs, 0, 0);
    expect(closed).toMatchObject([{ mintMs: rangeMs - 1, maxtMs: rangeMs - 1, count: 1 }]);
  });
});

describe('room', () => {
  /** A batch with one sample for each of `series` series. */
  function batchAt(series: number, timeMs: number, value: number): SampleBatch {
    const batch = new SampleBatch(series);
    for (let slot = 0; slot < series; slot++) batch.push(slot, ...bitsOf(value), timeMs);
    return batch;
  }

  function appendAll(chunks: OpenChunks, batch: SampleBatch): void {
    for (let next = 0; next < batch.count; next++) {
      next = chunks.appendRun(batch, next, batch.count);
      if (next === batch.count) break;
      const { refs, timesMs, lo, hi } = batch;
      chunks.append(refs[next]!, timesMs[next]!, lo[next]!, hi[next]!);
    }
  }

  test('constant series need no slot', () => {
    const series = 500;
    const { chunks, closed } = openChunks(series);
    const encoder = new ChunkEncoder();
    for (let at = 0; at < 120; at++) {
      appendAll(chunks, batchAt(series, at * 60_000, 1.5));
      encoder.append(at * 60_000, ...bitsOf(1.5));
    }
    expect(chunks.arena.bytes).toBe(0);
    const data = toHex(encoder.finish());
    expect([copied(chunks, 0), copied(chunks, series - 1)]).toEqual([data, data]);
    appendAll(chunks, batchAt(series, 120 * 60_000, 1.5));
    expect(new Set(closed.map((chunk) => chunk.data))).toEqual(new Set([data]));
  });

  test('the smallest slots fill a page to its end', () => {
    const series = pageBytes / slotBytes[0]!;
    const { chunks, closed } = openChunks(series);
    const encoder = new ChunkEncoder();
    for (let at = 0; at < 10; at++) {
      appendAll(chunks, batchAt(series, at * 60_000, at / 3));
      encoder.append(at * 60_000, ...bitsOf(at / 3));
    }
    expect(chunks.arena.bytes).toBe(pageBytes);
    const data = toHex(encoder.finish());
    expect(data.length / 2).toBeGreaterThan(slotBytes[0]!);
    expect([copied(chunks, 0), copied(chunks, series - 1)]).toEqual([data, data]);
    appendAll(chunks, batchAt(series, rangeMs, 1.5));
    expect(new Set(closed.map((chunk) => chunk.data))).toEqual(new Set([data]));
  });

  test.each([1, 2, 3])('chunks of any bits end where they must, seed %p', (seed) => {
    const rng = seededRng(seed);
    const series = 20;
    const { chunks, closed } = openChunks(series);
    const encoders = Array.from({ length: series }, () => new ChunkEncoder());
    const stepMs = 1000;
    let timeMs = 0;
    for (let at = 0; at < 300; at++) {
      // At odd times each sample takes the slow way, and up to 19 bytes.
      timeMs += rng.u32() % 8 < seed ? stepMs + 70_000 - (rng.u32() % 64) : stepMs;
      const batch = batchAt(series, timeMs, 0);
      for (let slot = 0; slot < series; slot++) {
        batch.lo[slot] = rng.u32();
        batch.hi[slot] = rng.u32() >>> (slot % 2 === 0 ? 0 : rng.u32() % 32);
        if (rng.u32() % (series + 1) < slot) batch.lo[slot] = batch.hi[slot] = slot;
      }
      appendAll(chunks, batch);
      for (const { series: slot, data } of closed.splice(0)) {
        expect([at, slot, data]).toEqual([at, slot, toHex(encoders[slot]!.finish())]);
        encoders[slot] = new ChunkEncoder();
      }
      for (let slot = 0; slot < series; slot++) {
        encoders[slot]!.append(timeMs, batch.lo[slot]!, batch.hi[slot]!);
      }
    }
  });

  test.each([1, 2, 3])('neighbours do not write into each other, seed %p', (seed) => {
    const rng = seededRng(seed);
    const series = 50;
    const { chunks } = openChunks(series);
    const encoders = Array.from({ length: series }, () => new ChunkEncoder());
    for (let at = 0; at < 29; at++) {
      const batch = batchAt(series, at * 1000, 0);
      for (let slot = 0; slot < series; slot++) {
        // From series to series more of the values are random: each outgrows its slot when it likes.
        if (rng.u32() % series < slot) {
          batch.lo[slot] = rng.u32() << (rng.u32() % 32);
          batch.hi[slot] = rng.u32() >>> (rng.u32() % 32);
        }
        encoders[slot]!.append(at * 1000, batch.lo[slot]!, batch.hi[slot]!);
      }
      appendAll(chunks, batch);
      for (let slot = 0; slot < series; slot++) {
        expect([at, slot, copied(chunks, slot)]).toEqual([
          at,
          slot,
          toHex(encoders[slot]!.finish()),
        ]);
      }
    }
  });
});

describe('admission', () => {
  test.each([
    ['a dead reference', 3, 2000, 2],
    ['no reference', 0, 2000, 2],
    ['no later time', 1, 1000, 2],
    ['a time before the range', 2, 499, 2],
    ['a time behind the range', 2, 3001, 2],
    ['a fraction', 2, 2000.5, 2],
    ['no number', 2, NaN, 2],
    ['nothing of the kind', 2, 3000, 4],
  ])('ends at %s', (_what, ref, timeMs, admitted) => {
    const { chunks } = openChunks();
    chunks.append(1, 1000, 0, 0);
    const batch = new SampleBatch();
    for (const [series, time] of [
      [1, 1001],
      [2, 500],
      [ref, timeMs],
      [1, 1001],
    ] as const) {
      batch.push(series, 0, 0, time);
    }
    const live = Uint32Array.of(0, 1, 2, 1_048_579, 0);
    expect(chunks.countAdmitted(batch, live, 500, 3000)).toBe(admitted);
  });
});

describe('order', () => {
  test('tells old, same and other samples apart', () => {
    const { chunks } = openChunks();
    expect(chunks.append(1, 1000, 5, 6)).toBe(appendOutcome.stored);
    expect(chunks.append(1, 999, 5, 6)).toBe(appendOutcome.outOfOrder);
    expect(chunks.append(1, 1000, 5, 6)).toBe(appendOutcome.same);
    expect(chunks.append(1, 1000, 5, 7)).toBe(appendOutcome.duplicate);
    expect(chunks.count(1)).toBe(1);
  });
});
