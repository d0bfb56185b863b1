import { describe, expect, test } from '@jest/globals';

import { seededRng, systemClock } from '../../runtime/index.ts';
import { bitsOf, columnsOf, nanBits, staleBits } from '../model-fixture.ts';
import { thinSamples } from './thin-samples.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const rng = seededRng(seed);
const scrapeMs = 15_000;
const stepMs = 60_000;

type Samples = [timeMs: number, bits: string][];

/** A whole number from 0 on, below `limit`. */
function below(limit: number): number {
  return rng.u32() % limit;
}

function thin(samples: Samples, isCounter: boolean): Samples {
  const columns = columnsOf(new Map(samples));
  thinSamples(columns, stepMs, isCounter);
  return Array.from({ length: columns.count }, (_, at) => {
    const half = (value: number) => value.toString(16).padStart(8, '0');
    return [columns.times[at]!, half(columns.hi[at]!) + half(columns.lo[at]!)];
  });
}

function valueOf(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

/** The rule of docs/format/dump.md, sentence by sentence. */
function naivelyThinned(samples: Samples, isCounter: boolean): Samples {
  const isMarker = (at: number) => samples[at]?.[1] === staleBits;
  const stepOf = (at: number) => Math.ceil(samples[at]![0] / stepMs);
  const isApart = (a: number, b: number) => {
    if (a < 0 || b === samples.length || isMarker(a) !== isMarker(b)) return true;
    const [before, after] = [samples[a]![1], samples[b]![1]];
    return isCounter && before !== after && !(valueOf(after) >= valueOf(before));
  };
  return samples.filter((_, at) => {
    if (isMarker(at) && at > 0 && isMarker(at - 1)) return false;
    if (isApart(at - 1, at) || isApart(at, at + 1)) return true;
    return stepOf(at) !== stepOf(at + 1);
  });
}

/** Scrapes without a gap of a counter whose rate changes and that begins anew now and then. */
function randomCounter(count: number): Samples {
  let value = below(1000);
  let rate = below(100);
  const offset = below(scrapeMs);
  return Array.from({ length: count }, (_, at) => {
    if (below(10) === 0) rate = below(5) * below(100);
    value = below(25) === 0 ? below(2 * rate + 1) : value + rate * (0.5 + below(100) / 100);
    return [at * scrapeMs + offset + below(500), bitsOf(value)];
  });
}

/** What a counter has grown by up to each sample, resets counted as beginning with nothing. */
function growth(samples: Samples): { timeMs: number; total: number }[] {
  let total = 0;
  let last = 0;
  return samples.map(([timeMs, bits], at) => {
    const value = valueOf(bits);
    if (at > 0) total += value < last ? value : value - last;
    last = value;
    return { timeMs, total };
  });
}

/** `increase()` of Prometheus over `(fromMs, toMs]`. */
function increase(samples: Samples, fromMs: number, toMs: number): number {
  const inside = samples.filter(([timeMs]) => timeMs > fromMs && timeMs <= toMs);
  const grown = growth(inside).at(-1)?.total ?? 0;
  const first = valueOf(inside[0]![1]);
  const span = inside.at(-1)![0] - inside[0]![0];
  const pause = span / (inside.length - 1);
  let atStart = inside[0]![0] - fromMs;
  let atEnd = toMs - inside.at(-1)![0];
  if (atStart >= 1.1 * pause) atStart = pause / 2;
  if (grown > 0) atStart = Math.min(atStart, span * (first / grown));
  if (atEnd >= 1.1 * pause) atEnd = pause / 2;
  return (grown * (span + atStart + atEnd)) / span;
}

/** The most that a counter grows in so long a time. */
function largestGrowth(samples: Samples, spanMs: number): number {
  const curve = growth(samples);
  return Math.max(
    ...curve.map(({ timeMs, total }) => {
      const end = curve.findLast((later) => later.timeMs <= timeMs + spanMs);
      return end!.total - total;
    }),
  );
}

function valuesAt(minutes: number, ...values: (number | string)[]): Samples {
  return values.map((value, at) => [
    minutes * 60_000 + (at + 1) * scrapeMs,
    typeof value === 'string' ? value : bitsOf(value),
  ]);
}

describe('thinSamples', () => {
  test('keeps the newest sample of each step, the first and the last one', () => {
    const samples = valuesAt(10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    const kept = [samples[0], samples[3], samples[7], samples[9]];
    expect(thin(samples, false)).toEqual(kept);
    expect(thin(samples, true)).toEqual(kept);
    expect(thin([], true)).toEqual([]);
    expect(thin(samples.slice(1, 2), true)).toEqual(samples.slice(1, 2));
  });

  test('takes the end of a step to it, not its begin', () => {
    const samples: Samples = [59_999, 60_000, 60_001, 119_999, 120_000, 120_001].map((timeMs) => [
      timeMs,
      bitsOf(1),
    ]);
    expect(thin(samples, false).map(([timeMs]) => timeMs)).toEqual([
      59_999, 60_000, 120_000, 120_001,
    ]);
    const early: Samples = [-120_000, -119_999, -60_000, -1, 0, 1, 2].map((timeMs) => [
      timeMs,
      bitsOf(1),
    ]);
    expect(thin(early, false).map(([timeMs]) => timeMs)).toEqual([-120_000, -60_000, 0, 2]);
  });

  test('keeps both sides of a reset of a counter, and nothing of a gauge that falls', () => {
    const samples = valuesAt(10, 5, 9, 1, 2, 3, 1, 2, 3, 4);
    expect(thin(samples, true)).toEqual([0, 1, 2, 3, 4, 5, 7, 8].map((at) => samples[at]));
    expect(thin(samples, false)).toEqual([0, 3, 7, 8].map((at) => samples[at]));
  });

  test('keeps the first of staleness markers with its neighbours', () => {
    const samples = valuesAt(10, 1, 2, 3, staleBits, staleBits, staleBits, 4, 5, 6, 7, 8);
    const kept = [0, 2, 3, 6, 7, 10].map((at) => samples[at]);
    expect(thin(samples, false)).toEqual(kept);
    expect(thin(samples, true)).toEqual(kept);
    const ended = valuesAt(10, 1, 2, staleBits, staleBits);
    expect(thin(ended, false)).toEqual(ended.slice(0, 3));
    expect(thin(valuesAt(10, staleBits, staleBits), false)).toEqual(valuesAt(10, staleBits));
  });

  test('takes what is not a number in a counter for a border, and tells signs apart', () => {
    const samples = valuesAt(10, 1, 2, nanBits, nanBits, 1, 2, 3, 4);
    expect(thin(samples, true)).toEqual([0, 1, 2, 3, 4, 7].map((at) => samples[at]));
    const signs = valuesAt(10, -3, -2, -1, -0, 0, -0, 1, Infinity, 1, -Infinity, -1);
    expect(thin(signs, true)).toEqual([0, 3, 7, 8, 9, 10].map((at) => signs[at]));
  });
});

describe(`thinSamples of random samples, seed ${String(seed)}`, () => {
  test('does what its rule says', () => {
    for (let round = 0; round < 300; round++) {
      let timeMs = below(200_000) - 100_000;
      const samples: Samples = Array.from({ length: below(60) }, () => {
        timeMs += 1 + below(below(8) === 0 ? 300_000 : 20_000);
        const values = [staleBits, nanBits, bitsOf(-below(3)), bitsOf(below(4)), bitsOf(below(4))];
        // Numbers that differ in the lower half of their bits alone.
        const close = below(4) * Number.EPSILON;
        values.push(bitsOf(1 + close), bitsOf(-1 - close));
        return [timeMs, values[below(values.length)]!];
      });
      for (const isCounter of [true, false]) {
        expect(thin(samples, isCounter)).toEqual(naivelyThinned(samples, isCounter));
      }
    }
  });

  test('leaves the newest sample at each end of a step, and what counters grow, exactly as they were', () => {
    for (let round = 0; round < 30; round++) {
      const samples = randomCounter(20 + below(200));
      const thinned = thin(samples, true);
      const totals = new Map(growth(samples).map(({ timeMs, total }) => [timeMs, total]));
      for (const { timeMs, total } of growth(thinned)) {
        // The first sample of both is the same one.
        expect(total).toBeCloseTo(totals.get(timeMs)!, 6);
      }
      for (let endMs = stepMs; endMs < samples.at(-1)![0] + stepMs; endMs += stepMs) {
        const newest = (of: Samples) => of.findLast(([timeMs]) => timeMs <= endMs);
        expect(newest(thinned)).toEqual(newest(samples));
      }
    }
  });

  test('leaves increase() over whole steps within what the counter grows in one step', () => {
    for (let round = 0; round < 30; round++) {
      const samples = randomCounter(240);
      const thinned = thin(samples, true);
      for (let steps = 2; steps <= 20; steps += 3) {
        const toMs = stepMs * (steps + 1 + below(30));
        const fromMs = toMs - steps * stepMs;
        const near = samples.filter(([timeMs]) => timeMs > fromMs - stepMs && timeMs <= toMs);
        // Both guess across a scrape at each end of the window; the thinned one does so across a step.
        const bound = largestGrowth(near, stepMs + 2 * scrapeMs) * (1 + scrapeMs / stepMs);
        const [got, want] = [increase(thinned, fromMs, toMs), increase(samples, fromMs, toMs)];
        expect(Math.abs(got - want)).toBeLessThanOrEqual(bound + 1e-6);
      }
    }
  });
});
