// Hostile bytes for every layer of the wire: some seconds on a desk, a minute in CI, 20 million inputs
// with SOAK=1.
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { collectGarbage } from '../../lib/runtime/garbage-fixture.ts';
import { compareWithNaive as compareGob, gobTarget } from './gob-target.ts';
import { gopluginTarget } from './goplugin-target.ts';
import { rpcClientTarget, rpcServerTarget } from './netrpc-target.ts';
import { Random } from './random.ts';
import { storedSeeds } from './seeds.ts';
import { fuzz, type FuzzTarget } from './target.ts';
import { compareWithNaive as compareYamux, yamuxTarget } from './yamux-target.ts';

const isSoak = process.env['SOAK'] === '1';
const startSeed = Number(process.env['SEED'] ?? performance.timeOrigin % 2 ** 31) >>> 0;
/** Heap that may stay after millions of inputs; what a run keeps per input would show. */
const maxGrowthBytes = 64 * 1024 * 1024;

const gobSeeds = storedSeeds('gob');
const targets: { target: FuzzTarget; soakInputs: number; soakMinutes: number }[] = [
  { target: gobTarget(gobSeeds), soakInputs: 16_000_000, soakMinutes: 85 },
  { target: yamuxTarget(storedSeeds('yamux')), soakInputs: 2_000_000, soakMinutes: 25 },
  { target: rpcServerTarget(gobSeeds), soakInputs: 1_000_000, soakMinutes: 20 },
  { target: rpcClientTarget(gobSeeds), soakInputs: 1_000_000, soakMinutes: 20 },
  { target: gopluginTarget(storedSeeds('goplugin')), soakInputs: 100_000, soakMinutes: 15 },
];

/** Of one target in a normal run; all of them together take a minute in CI. */
const sliceMs = process.env['CI'] === 'true' ? 60_000 / targets.length : 2000;

const uncaught: unknown[] = [];
const record = (error: unknown) => void uncaught.push(error);
const stackTraceLimit = Error.stackTraceLimit;

beforeEach(() => {
  process.on('unhandledRejection', record);
  // Most inputs end in an error whose stack nobody reads.
  Error.stackTraceLimit = 3;
});

afterEach(() => {
  process.off('unhandledRejection', record);
  Error.stackTraceLimit = stackTraceLimit;
});

describe('hostile bytes', () => {
  test.each(targets)(
    '$target.name refuses or takes them, and never takes them for something else (soak)',
    async ({ target, soakInputs, soakMinutes }) => {
      collectGarbage();
      const beforeBytes = process.memoryUsage().heapUsed;
      const inputs = Number(process.env['INPUTS'] ?? (isSoak ? soakInputs : Infinity));
      const maxMs = isSoak ? soakMinutes * 60_000 : sliceMs;
      const count = await fuzz(target, { inputs, maxMs, seed: startSeed });
      process.stdout.write(`# ${target.name}: ${count} inputs from SEED=${startSeed}\n`);
      expect(uncaught).toEqual([]);
      collectGarbage();
      expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(maxGrowthBytes);
      if (isSoak) expect(count).toBeGreaterThanOrEqual(inputs);
    },
    90 * 60_000,
  );

  test('stored inputs give what the naive readers find', async () => {
    for (const bytes of gobSeeds) compareGob(new Random(startSeed), bytes);
    for (const bytes of storedSeeds('yamux')) await compareYamux(new Random(startSeed), bytes);
  });
});
