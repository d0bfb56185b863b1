import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import { crashRangeMs, crashSamples } from './crash-fixture.ts';
import {
  addSample,
  contentsOf,
  sorted,
  testSeed,
  withBench,
  type Contents,
} from './store-fixture.ts';

const child = fileURLToPath(new URL('./crash-child-fixture.ts', import.meta.url));

/** Runs the child until it has said `rounds` rounds, kills it, and tells the last round it said. */
async function killAfter(dir: string, first: number, rounds: number): Promise<number> {
  const run = spawn(process.execPath, [child, dir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(run, 'exit');
  let said = '';
  for await (const part of run.stdout.setEncoding('utf8')) {
    said += String(part);
    if (said.split('\n').length > rounds) run.kill('SIGKILL');
  }
  await exited;
  return Number(said.trimEnd().split('\n').at(-1));
}

/** `make soak` asks for the full number. */
const kills = process.env['SOAK'] === '1' ? 500 : 3;
const timeoutMs = kills * 10_000;

test(
  'a store that is killed keeps every committed batch and no half one',
  () =>
    withBench(async ({ open, dir }) => {
      const seed = testSeed();
      const rng = seededRng(seed);
      let next = 0;
      for (let kill = 0; kill < kills; kill++) {
        const last = await killAfter(dir, next, 1 + (rng.u32() % 120));
        const store = await open({ blockRangeMs: crashRangeMs });
        const held = sorted(await contentsOf(store));
        await store.close();
        const want: Contents = new Map();
        for (let round = 0; round <= last; round++) {
          for (const { labels, timeMs, lo, hi } of crashSamples(round)) {
            addSample(want, labels, timeMs, lo, hi);
          }
        }
        // The batch after the last one that was told may have been in the WAL already.
        if (held.length > sorted(want).length) {
          next = last + 2;
          for (const { labels, timeMs, lo, hi } of crashSamples(last + 1)) {
            addSample(want, labels, timeMs, lo, hi);
          }
        } else next = last + 1;
        expect([seed, kill, held]).toEqual([seed, kill, sorted(want)]);
      }
    }),
  timeoutMs,
);
