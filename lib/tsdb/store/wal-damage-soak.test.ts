import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { failingFiles } from './failing-files-fixture.ts';
import { openStore } from './open-store.ts';
import { Store } from './store.ts';
import {
  addSample,
  benchStartMs as start,
  bitsOf,
  contentsOf,
  headContents,
  labelsOf,
  sorted,
  testSeed,
  withBench,
  type Contents,
  type StoreBench,
} from './store-fixture.ts';

/** Commits batch `round`: two known series and one new one. */
async function commitRound(store: Store, round: number): Promise<void> {
  const batch = store.newBatch();
  for (const [labels, value] of roundSamples(round)) {
    batch.push(store.seriesRef(labels), ...bitsOf(value), start + round * 1000);
  }
  await store.commit(batch);
}

function roundSamples(round: number): [ReturnType<typeof labelsOf>, number][] {
  return [
    [labelsOf('up'), round],
    [labelsOf('load', { cpu: '1' }), round / 3],
    [labelsOf('fresh', { round: String(round) }), 1],
  ];
}

/** What a store holds after the first `rounds` batches. */
function afterRounds(rounds: number): string[] {
  return ofRounds(Array.from({ length: rounds }, (_, round) => round));
}

function ofRounds(rounds: readonly number[]): string[] {
  const contents: Contents = new Map();
  for (const round of rounds) {
    for (const [labels, value] of roundSamples(round)) {
      addSample(contents, labels, start + round * 1000, ...bitsOf(value));
    }
  }
  return sorted(contents);
}

/** Replays a copy of the store whose WAL segment 0 is replaced; what it holds, and its problems. */
async function replayed(
  { dir, options }: StoreBench,
  segment: Uint8Array,
): Promise<{ held: string[]; problems: number }> {
  const copy = `${dir}-copy`;
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(join(copy, 'wal'), { recursive: true });
  writeFileSync(join(copy, 'wal', '00000000'), segment);
  const { head, wal, lock, problems } = await openStore({ ...options, dir: copy });
  await wal.writer.close();
  await lock.release();
  return { held: sorted(await headContents(head)), problems: problems.list().length };
}

const isSoak = process.env['SOAK'] === '1';
const seed = testSeed();

jest.setTimeout(isSoak ? 1_800_000 : 180_000);

describe('a damaged WAL', () => {
  test('gives every whole record when it is cut at any byte', () =>
    withBench(async (bench) => {
      const store = await bench.open();
      const path = join(bench.dir, 'wal', '00000000');
      /** Where the segment ended before each round. */
      const ends: number[] = [];
      for (let round = 0; round < 6; round++) {
        ends.push(statSync(path).size);
        await commitRound(store, round);
      }
      await store.close();
      const whole = new Uint8Array(readFileSync(path));
      // `make soak` cuts at every byte, a plain run at those around the last two batches.
      for (let length = isSoak ? 0 : ends[4]! - 10; length <= whole.length; length++) {
        const rounds = length === whole.length ? 6 : ends.findLastIndex((end) => end <= length);
        const { held } = await replayed(bench, whole.subarray(0, length));
        expect([length, held]).toEqual([length, afterRounds(rounds)]);
      }
    }));

  test('never gives a wrong sample when any byte is changed', () =>
    withBench(async (bench) => {
      const store = await bench.open();
      for (let round = 0; round < 3; round++) await commitRound(store, round);
      await store.close();
      const whole = new Uint8Array(readFileSync(join(bench.dir, 'wal', '00000000')));
      const possible = [0, 1, 2, 3].map((rounds) => afterRounds(rounds).join('\n'));
      const right = new Set(afterRounds(3));
      // Every byte and bit in turn; in a plain run every fifth byte, others each time.
      const step = isSoak ? 1 : 40;
      for (let flip = seed % step; flip < 8 * whole.length; flip += step) {
        const at = `SEED=${String(seed)} bit ${String(flip)}`;
        const changed = whole.slice();
        changed[flip >> 3]! ^= 1 << (flip & 7);
        const { held, problems } = await replayed(bench, changed);
        expect([at, problems <= 1]).toEqual([at, true]);
        expect([at, held.filter((sample) => !right.has(sample))]).toEqual([at, []]);
        expect([at, possible.includes(held.join('\n'))]).toEqual([at, true]);
      }
    }));

  test('says what a torn end has cost and goes on in a new segment', () =>
    withBench(async (bench) => {
      const store = await bench.open();
      for (let round = 0; round < 3; round++) await commitRound(store, round);
      await store.close();
      const path = join(bench.dir, 'wal', '00000000');
      truncateSync(path, statSync(path).size - 5);
      const torn = await bench.open();
      const [problem] = torn.problems();
      expect(problem).toMatchObject({ code: 'TSDB_WAL_REPAIRED' });
      expect(problem!.message).toMatch(/\d+ bytes of segment 00000000 at offset \d+ were dropped/);
      await commitRound(torn, 7);
      expect(readdirSync(join(bench.dir, 'wal'))).toEqual(['00000000', '00000001']);
    }));

  test('loses of a torn segment only what is torn, and nothing of those behind it', () =>
    withBench(async (bench) => {
      for (const rounds of [[0, 1], [2, 3], [4]]) {
        const store = await bench.open();
        for (const round of rounds) await commitRound(store, round);
        await store.close();
      }
      const path = join(bench.dir, 'wal', '00000000');
      truncateSync(path, statSync(path).size - 5);
      for (let start = 0; start < 2; start++) {
        const store = await bench.open();
        expect(sorted(await contentsOf(store))).toEqual(ofRounds([0, 2, 3, 4]));
        expect(store.problems()).toHaveLength(start === 0 ? 1 : 0);
        await store.close();
      }
    }));

  test('keeps the prefix and moves the rest aside when the middle is damaged', () =>
    withBench(async (bench) => {
      const { dir } = bench;
      let store = await bench.open();
      for (let round = 0; round < 2; round++) await commitRound(store, round);
      const damageAt = statSync(join(dir, 'wal', '00000000')).size + 20;
      for (let round = 2; round < 4; round++) await commitRound(store, round);
      await store.close();
      store = await bench.open();
      await commitRound(store, 4);
      await store.close();
      const path = join(dir, 'wal', '00000000');
      const bytes = readFileSync(path);
      bytes[damageAt]! ^= 0xff;
      writeFileSync(path, bytes);
      for (let at = 1; at <= 5; at++) mkdirSync(join(dir, `wal.corrupt-${String(at)}00`));
      store = await bench.open();
      expect(sorted(await contentsOf(store))).toEqual(afterRounds(2));
      expect(store.problems()).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
      const aside = readdirSync(dir).filter((name) => name.startsWith('wal.corrupt-'));
      const newest = `wal.corrupt-${String(bench.clock.nowMs())}`;
      expect(aside.sort()).toEqual([newest, 'wal.corrupt-400', 'wal.corrupt-500']);
      expect(readdirSync(join(dir, newest)).sort()).toEqual(['00000000', '00000001']);
      await commitRound(store, 2);
      await store.close();
      store = await bench.open();
      expect(store.problems()).toEqual([]);
      expect(sorted(await contentsOf(store))).toEqual(afterRounds(3));
    }));
});

describe('a disk that fails', () => {
  test.each([
    ['ENOSPC', 'TSDB_DISK_FULL', false],
    ['EIO', 'TSDB_WAL_IO', false],
    ['ENOSPC', 'TSDB_DISK_FULL', true],
  ])(
    'with %s gives %s, nothing is stored, and it resumes (cannot truncate: %s)',
    (code, want, stuck) =>
      withBench(async (bench) => {
        for (const bytes of [0, 1, 10, 60]) {
          const { openWalFile, disk } = failingFiles();
          const dir = `${bench.dir}-${String(bytes)}`;
          const store = await bench.open({ dir, openWalFile });
          await commitRound(store, 0);
          Object.assign(disk, { bytesLeft: bytes, truncate: stuck, code });
          await expect(commitRound(store, 1)).rejects.toMatchObject({ code: want });
          expect(store.problems()).toMatchObject([{ code: want }]);
          expect(sorted(await contentsOf(store))).toEqual(afterRounds(1));
          disk.bytesLeft = Infinity;
          if (stuck) {
            await expect(commitRound(store, 1)).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
            disk.truncate = false;
          }
          await commitRound(store, 1);
          await commitRound(store, 2);
          expect(store.problems()).toEqual([]);
          await store.close();
          const again = await bench.open({ dir });
          expect(again.problems()).toEqual([]);
          expect(sorted(await contentsOf(again))).toEqual(afterRounds(3));
        }
      }),
  );

  test('a segment that cannot be made fails the commit and nothing else', () =>
    withBench(async (bench) => {
      let isFull = false;
      const { openWalFile } = failingFiles();
      const store = await bench.open({
        limits: { walSegmentBytes: 1024 },
        openWalFile: (path) =>
          isFull
            ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
            : openWalFile(path),
      });
      let round = 0;
      for (; round < 5; round++) await commitRound(store, round);
      isFull = true;
      const failed = await Promise.allSettled(
        Array.from({ length: 30 }, (_, extra) => commitRound(store, round + extra)),
      );
      const stored = failed.filter((result) => result.status === 'fulfilled').length;
      expect(stored).toBeLessThan(30);
      isFull = false;
      for (let next = round + stored; next < 40; next++) await commitRound(store, next);
      await store.close();
      const again = await bench.open();
      expect(again.problems()).toEqual([]);
      expect(sorted(await contentsOf(again))).toEqual(afterRounds(40));
    }));
});

test('a lock that was copied with a live store does not matter to the copy', () =>
  withBench(async ({ open: openBench, dir, options }) => {
    const store = await openBench();
    await commitRound(store, 0);
    const copy = `${dir}-copy`;
    cpSync(dir, copy, { recursive: true });
    rmSync(join(copy, 'lock'));
    const second = await Store.open({ ...options, dir: copy });
    expect(sorted(await contentsOf(second))).toEqual(afterRounds(1));
    await second.close();
  }));
