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
  type StoreBench,
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

/** `make soak` asks for the full number; each store lives through a few kills. */
const lives = process.env['SOAK'] === '1' ? 125 : 1;
const killsPerLife = process.env['SOAK'] === '1' ? 4 : 3;
const timeoutMs = lives * killsPerLife * 10_000;

test(
  'a store that is killed keeps every committed batch and no half one',
  async () => {
    const seed = testSeed();
    const rng = seededRng(seed);
    for (let life = 0; life < lives; life++) {
      await withBench((bench) =>
        liveThroughKills(bench, rng, `SEED=${String(seed)} ${String(life)}`),
      );
    }
  },
  timeoutMs,
);

async function liveThroughKills(
  { open, dir }: StoreBench,
  rng: { u32(): number },
  say: string,
): Promise<void> {
  const want: Contents = new Map();
  let next = 0;
  for (let kill = 0; kill < killsPerLife; kill++) {
    const last = await killAfter(dir, next, 1 + (rng.u32() % 120));
    for (; next <= last; next++) addRound(want, next);
    const store = await open({ blockRangeMs: crashRangeMs });
    const held = sorted(await contentsOf(store));
    await store.close();
    // The batch after the last one that was told may have been in the WAL already.
    if (held.length > sorted(want).length) addRound(want, next++);
    expect([say, kill, held]).toEqual([say, kill, sorted(want)]);
  }
}

function addRound(want: Contents, round: number): void {
  for (const { labels, timeMs, lo, hi } of crashSamples(round)) {
    addSample(want, labels, timeMs, lo, hi);
  }
}

test(
  'a directory that another process has open is refused, with its pid',
  () =>
    withBench(async ({ open, dir }) => {
      const run = spawn(process.execPath, [child, dir, '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(run, 'exit');
      try {
        await once(run.stdout, 'data');
        run.stdout.resume();
        await expect(open()).rejects.toMatchObject({ code: 'TSDB_LOCKED', pid: run.pid });
      } finally {
        run.kill('SIGKILL');
        await exited;
      }
      await open({ blockRangeMs: crashRangeMs });
    }),
  20_000,
);
