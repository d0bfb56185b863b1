import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBlock, removeTree } from '../../share/block-fixture.ts';
import { estimate } from './estimate.ts';
import type { EstimateRequest, ProbeSource } from './protocol.ts';

const hourMs = 3_600_000;
let root: string;
let here: ProbeSource;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'estimate-'));
  const block = await makeBlock({ parentDir: root, mint: 0, maxt: hourMs, stepMs: 15_000 });
  const { dir, maxt, mint, numSamples, numSeries, sizeBytes } = block;
  here = { dir, maxt, mint, numSamples, numSeries, sizeBytes, kind: 'block' };
});

afterEach(async () => {
  await removeTree(root);
});

function estimated(sources: ProbeSource[], toMs: number, more: Partial<EstimateRequest> = {}) {
  const asked = { sources, fromMs: 0, toMs, filter: null, isRedacted: false, thinning: null };
  return estimate({ ...asked, texts: [], budgetMs: 700, ...more }, undefined, () => 0);
}

test('a block that lies elsewhere counts with its part in the range, by one that can be looked at', () => {
  const elsewhere = { ...here, dir: null, mint: hourMs, maxt: 2 * hourMs };
  const alone = estimated([here], hourMs);
  const half = estimated([here, elsewhere], 1.5 * hourMs);
  const whole = estimated([here, elsewhere], 2 * hourMs);
  expect(alone.samples).toBe(here.numSamples);
  expect([half.samples, whole.samples]).toEqual([1.5 * here.numSamples, 2 * here.numSamples]);
  expect([half.sourceSamples, whole.sourceSamples]).toEqual([half.samples, whole.samples]);
  expect(half.bytes).toBeGreaterThan(alone.bytes);
  expect(half.bytes).toBeLessThan(whole.bytes);
});

test('where nothing can be looked at, blocks count by their size and their part in the range', () => {
  const elsewhere = { ...here, dir: null, sizeBytes: 1_000_000 };
  const whole = estimated([elsewhere], hourMs);
  const half = estimated([elsewhere], hourMs / 2);
  expect([whole.samples, half.samples]).toEqual([here.numSamples, here.numSamples / 2]);
  expect([whole.bytes, half.bytes]).toEqual([650_900, 325_900]);
});

test('what stands beside the blocks counts, compressed', () => {
  const texts = ['x'.repeat(100_000)];
  const beside = estimated([here], hourMs, { texts }).bytes - estimated([here], hourMs).bytes;
  expect(beside).toBeGreaterThan(100);
  expect(beside).toBeLessThan(1_000);
});
