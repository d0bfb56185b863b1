import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { testNeeding } from '../../../test/programs.ts';
import { seededRng } from '../../runtime/index.ts';
import { crashRangeMs, crashRetentionMs, crashSamples, crashStartMs } from './crash-fixture.ts';
import {
  contentsOf,
  liveAll,
  numberOf,
  testSeed,
  withBench,
  type StoreBench,
} from './store-fixture.ts';

const child = fileURLToPath(new URL('./crash-child-fixture.ts', import.meta.url));
const isSoak = process.env['SOAK'] === '1';

/** `make soak` asks for the full number; each store lives through a few kills. */
const lives = isSoak ? 125 : 1;
const killsPerLife = 4;
/** A life waits for its children and for promtool most of the time. */
const livesAtOnce = 3;

const execute = promisify(execFile);
const timeoutMs = lives * killsPerLife * 60_000;

type Pick = (below: number) => number;

/**
 * Runs the child until it has said `rounds` rounds, kills it a moment later, wherever it is then, and
 * tells the last round that it said.
 */
async function killAfter(dir: string, first: number, rounds: number, pick: Pick): Promise<number> {
  const run = spawn(process.execPath, [child, dir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(run, 'exit');
  let said = '';
  let isDoomed = false;
  for await (const part of run.stdout.setEncoding('utf8')) {
    said += String(part);
    if (isDoomed || said.split('\n').length <= rounds) continue;
    isDoomed = true;
    // The child goes on meanwhile: a round takes it one or two milliseconds, a cut ten.
    void delay(pick(16)).then(() => run.kill('SIGKILL'));
  }
  await exited;
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

/** Sample by text, as `name label time value`. */
function wantedLines(fromRound: number, toRound: number): string[] {
  const lines: string[] = [];
  for (let round = fromRound; round <= toRound; round++) {
    for (const { labels, timeMs, lo, hi } of crashSamples(round)) {
      lines.push(`${labels[1]!} ${labels[3]!} ${String(timeMs)} ${String(numberOf(lo, hi))}`);
    }
  }
  return lines.sort();
}

/** What our own reader finds. */
async function ownLines({ open }: StoreBench): Promise<string[]> {
  const store = await open({ blockRangeMs: crashRangeMs });
  const contents = await contentsOf(store);
  await store.close();
  return [...contents]
    .flatMap(([key, samples]) => {
      const [, name, , value] = key.split('\u0000');
      return [...samples].map(([timeMs, bits]) => {
        const [hi = 0, lo = 0] = bits.split(':').map((half) => parseInt(half, 16));
        return `${name!} ${value!} ${String(timeMs)} ${String(numberOf(lo, hi))}`;
      });
    })
    .sort();
}

/** What promtool finds. */
async function promtoolLines(dir: string): Promise<string[]> {
  const copy = `${dir}-promtool`;
  cpSync(dir, copy, { recursive: true });
  const run = await execute('promtool', ['tsdb', 'dump', copy], { maxBuffer: 1 << 28 });
  rmSync(copy, { recursive: true, force: true });
  expect(run.stderr).toBe('');
  const shape = /^\{__name__="(\w+)", \w+="(\d+)"\} (\S+) (\d+)$/;
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, name, value, number, timeMs] = shape.exec(line) ?? [];
      return `${name!} ${value!} ${timeMs!} ${String(Number(number))}`;
    })
    .sort();
}

/** The round of the oldest sample. */
function oldestRound(lines: readonly string[]): number {
  const times = lines.map((line) => Number(line.split(' ')[2]));
  return (Math.min(...times) - crashStartMs) / 1000;
}

testNeeding({ programs: ['promtool'] })(
  'a store that is killed keeps every committed batch and no half one',
  async () => {
    const seed = testSeed();
    const isWanted = (life: number) => life < lives;
    await liveAll(isWanted, livesAtOnce, (life) => {
      const rng = seededRng((seed + life) >>> 0);
      return withBench((bench) =>
        liveThroughKills(bench, (below) => rng.u32() % below, [seed, life]),
      );
    });
  },
  timeoutMs,
);

async function liveThroughKills(bench: StoreBench, pick: Pick, say: unknown[]): Promise<void> {
  let next = 0;
  for (let kill = 0; kill < killsPerLife; kill++) {
    const last = await killAfter(bench.dir, next, 1 + pick(200), pick);
    // Between the kill and the restart promtool must be able to read as well.
    const asLeft =
      kill % 2 === 0 && existsSync(bench.dir) ? await promtoolLines(bench.dir) : undefined;
    const held = await ownLines(bench);
    // The batch behind the last one that was told may have been in the WAL already.
    const newest = held.length > 0 ? newestRound(held) : last;
    expect([say, kill, newest - last === 0 || newest - last === 1]).toEqual([say, kill, true]);
    const oldest = oldestRound(held);
    // Retention took whole blocks, oldest first, and none that was too young.
    expect([say, kill, oldest <= Math.max(0, newest - crashRetentionMs / 1000)]).toEqual([
      ...[say, kill, true],
    ]);
    expect([say, kill, held]).toEqual([say, kill, wantedLines(oldest, newest)]);
    expect([say, kill, await promtoolLines(bench.dir)]).toEqual([say, kill, held]);
    if (asLeft !== undefined) expect([say, kill, asLeft]).toEqual([say, kill, held]);
    next = newest + 1;
  }
}

function newestRound(lines: readonly string[]): number {
  const times = lines.map((line) => Number(line.split(' ')[2]));
  return (Math.max(...times) - crashStartMs) / 1000;
}

test('a directory that another process has open is refused, with its pid', () =>
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
  }));
