import { expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../../runtime/index.ts';
import { partsOf } from './parts.ts';

/** Chunks that are good until the next one is asked for. */
async function* chunksOf(sizes: readonly number[], bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    const chunk = await Promise.resolve(Uint8Array.from(bytes.subarray(at, (at += size))));
    yield chunk;
    chunk.fill(255);
  }
}

/** Sizes of the parts; their bytes must be those of the body, and only the last be the last. */
async function partSizes(
  sizes: readonly number[],
  partBytes: number,
  sizeBytes?: number,
): Promise<number[]> {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const body = seededRng(1).bytes(total);
  const seen: number[] = [];
  let at = 0;
  let wasLast = false;
  for await (const { bytes, isLast } of partsOf(chunksOf(sizes, body), partBytes, sizeBytes)) {
    expect(wasLast).toBe(false);
    expect(Buffer.compare(bytes, body.subarray(at, at + bytes.length))).toBe(0);
    at += bytes.length;
    wasLast = isLast;
    seen.push(bytes.length);
  }
  expect([at, wasLast]).toEqual([total, true]);
  return seen;
}

test('makes parts of one size but the last, which is never empty unless all is', async () => {
  expect(await partSizes([], 10)).toEqual([0]);
  expect(await partSizes([0, 0], 10)).toEqual([0]);
  expect(await partSizes([3], 10)).toEqual([3]);
  expect(await partSizes([10], 10)).toEqual([10]);
  expect(await partSizes([11], 10)).toEqual([10, 1]);
  expect(await partSizes([4, 6], 10, 10)).toEqual([10]);
  expect(await partSizes([4, 7], 10, 11)).toEqual([10, 1]);
  expect(await partSizes([10, 10], 10)).toEqual([10, 10]);
  expect(await partSizes([35, 0, 1], 10, 36)).toEqual([10, 10, 10, 6]);
  expect(await partSizes([2, 0, 3], 10, 5)).toEqual([5]);
});

test('copes with bodies that are not as long as was said', async () => {
  expect(await partSizes([2, 3, 4], 10, 5)).toEqual([9]);
  expect(await partSizes([2, 3, 14], 10, 5)).toEqual([10, 9]);
  expect(await partSizes([2], 10, 500)).toEqual([2]);
});

test('cuts any chunks into the same parts', async () => {
  const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
  const rng = seededRng(seed);
  try {
    for (let round = 0; round < 300; round++) {
      const sizes = Array.from({ length: rng.u32() % 8 }, () => rng.u32() % 40);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const partBytes = 1 + (rng.u32() % 30);
      const parts = await partSizes(sizes, partBytes, rng.u32() % 2 === 0 ? total : undefined);
      const whole = Math.max(1, Math.ceil(total / partBytes));
      expect(parts).toHaveLength(whole);
    }
  } catch (error) {
    throw new Error(`SEED=${String(seed)}`, { cause: error });
  }
});
