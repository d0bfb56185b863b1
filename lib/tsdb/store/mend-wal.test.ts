import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { StoreError } from './errors.ts';
import { maxRecordedLosses } from './limits.ts';
import { mendWal } from './mend-wal.ts';
import { joinLost, readRepairs, writeRepairs } from './repair-record.ts';
import {
  benchStartMs as start,
  putSample as put,
  withBench,
  type StoreBench,
} from './store-fixture.ts';
import { Store } from './store.ts';

const recordName = 'wal.repaired.json';

/** Three segments with a sample each. */
async function threeSegments({ open }: StoreBench): Promise<void> {
  for (let segment = 0; segment < 3; segment++) {
    const store = await open();
    await put(store, 'a', start + segment * 60_000);
    await store.close();
  }
}

const pathOf = ({ dir }: StoreBench, segment: number) =>
  join(dir, 'wal', `0000000${String(segment)}`);

function tear(bench: StoreBench, segment: number): void {
  truncateSync(pathOf(bench, segment), readFileSync(pathOf(bench, segment)).length - 3);
}

function spoil(bench: StoreBench, segment: number): void {
  const bytes = readFileSync(pathOf(bench, segment));
  bytes[bytes.length - 3]! ^= 0xff;
  writeFileSync(pathOf(bench, segment), bytes);
}

/** An open that mends the WAL and fails in its last step, the segment that it writes to. */
async function openInVain({ options }: StoreBench): Promise<void> {
  const openWalFile = () => Promise.reject(Object.assign(new Error('no file'), { code: 'EMFILE' }));
  await expect(Store.open({ ...options, openWalFile })).rejects.toMatchObject({
    code: 'TSDB_WAL_IO',
  });
}

/** What a store tells that is opened, and whether it has ended well for good. */
async function told({ options }: StoreBench, isSettled: boolean) {
  const store = await Store.open(options);
  if (isSettled) await store.settleRepairs();
  await store.close();
  return { problems: store.problems(), lost: store.lostRanges() };
}

describe('what an open has mended is told', () => {
  test.each([
    ['a torn end', (bench: StoreBench) => tear(bench, 2), 'torn', []],
    [
      'a torn segment in the middle',
      (bench: StoreBench) => tear(bench, 1),
      'cut',
      [{ mint: start, maxt: start + 120_000 }],
    ],
    ['damage', (bench: StoreBench) => spoil(bench, 1), 'moved', []],
  ])('by the next one when that one fails afterwards: %s', (_name, damage, kind, lost) =>
    withBench(async (bench) => {
      await threeSegments(bench);
      damage(bench);
      await openInVain(bench);
      // Nothing is damaged any more, and however often it fails, it is not forgotten.
      await openInVain(bench);
      const problems = [{ code: 'TSDB_WAL_REPAIRED', repair: { kind } }];
      expect(await told(bench, false)).toMatchObject({ problems, lost });
      // Nobody has said yet that he has heard it.
      const again = await told(bench, true);
      expect(again).toMatchObject({ problems, lost });
      expect([again.problems.length, again.lost.length]).toEqual([1, lost.length]);
      expect(await told(bench, true)).toEqual({ problems: [], lost: [] });
      expect(readdirSync(bench.dir)).not.toContain(recordName);
    }),
  );

  test('together with what was damaged since', () =>
    withBench(async (bench) => {
      await threeSegments(bench);
      tear(bench, 1);
      await openInVain(bench);
      tear(bench, 2);
      await openInVain(bench);
      const { problems, lost } = await told(bench, true);
      expect(problems.map(({ repair }) => repair?.kind)).toEqual(['cut', 'torn']);
      expect(lost).toEqual([{ mint: start, maxt: start + 120_000 }]);
    }));

  test('as what it was when the process ends between the record and the repair', () =>
    withBench(async (bench) => {
      await threeSegments(bench);
      spoil(bench, 1);
      writeFileSync(join(bench.dir, `wal.corrupt-${String(start)}`), 'in the way');
      // The record is written, and then nothing can be set aside.
      await expect(Store.open(bench.options)).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
      rmSync(join(bench.dir, `wal.corrupt-${String(start)}`));
      await bench.clock.advance(2000);
      const { problems } = await told(bench, true);
      const aside = join(bench.dir, `wal.corrupt-${String(start + 2000)}`);
      expect(problems).toMatchObject([{ repair: { kind: 'moved', aside } }]);
      expect(existsSync(aside)).toBe(true);
    }));

  test('with why nothing was kept of it, and after what was recorded before', () =>
    withBench(async (bench) => {
      await threeSegments(bench);
      const { dir: storeDir, clock } = bench;
      const earlier = { code: 'TSDB_WAL_REPAIRED', message: 'of before' };
      await writeRepairs(storeDir, { problems: [earlier], lost: [] });
      const walDir = join(storeDir, 'wal');
      const damage = { dir: walDir, segment: 1, offset: 5, bytes: 9, reason: 'checksum' };
      const found = { isTorn: false, isLast: false, isCompressed: false };
      const { problems } = await mendWal(
        {
          ...{ storeDir, walDir, segments: [0, 1, 2], damages: [{ ...damage, ...found }] },
          ...{ holes: ['/before/this'], samplesUnknown: 0, nowMs: clock.nowMs() },
          copy: () => Promise.reject(Object.assign(new Error('no room'), { code: 'ENOSPC' })),
        },
        [],
      );
      const reason = 'checksum; the disk is too full for a copy of the segment';
      const moved = { repair: { kind: 'moved', segments: 1, reason } };
      expect(problems).toMatchObject([earlier, moved, { repair: { kind: 'hole' } }]);
      // A hole is found again by the next open.
      expect((await readRepairs(storeDir)).problems).toMatchObject([earlier, moved]);
      expect((await readRepairs(storeDir)).problems).toHaveLength(2);
    }));
});

describe('the record of what was mended', () => {
  test.each([
    ['also when that has made none', Infinity, []],
    ['which may have made it', 1, [{ repair: { kind: 'torn' } }]],
  ])('is tried again behind the repair on a full disk: %s', (_name, refusals, recorded) =>
    withBench(async (bench) => {
      await threeSegments(bench);
      const { dir: storeDir, clock } = bench;
      const walDir = join(storeDir, 'wal');
      const damage = { dir: walDir, segment: 2, offset: 5, bytes: 9, reason: 'torn' };
      let tries = 0;
      const write: typeof writeRepairs = (dir, repairs) => {
        if (++tries > refusals) return writeRepairs(dir, repairs);
        return Promise.reject(new StoreError('TSDB_DISK_FULL', 'no room'));
      };
      const { problems } = await mendWal(
        {
          ...{ storeDir, walDir, segments: [0, 1, 2], holes: [], samplesUnknown: 0 },
          damages: [{ ...damage, isTorn: true, isLast: true, isCompressed: false }],
          nowMs: clock.nowMs(),
        },
        [],
        write,
      );
      // Told by this open in any case, and the store opens: it is what makes room.
      expect(problems).toMatchObject([{ repair: { kind: 'torn' } }]);
      expect(readFileSync(pathOf(bench, 2))).toHaveLength(5);
      expect(tries).toBe(2);
      expect((await readRepairs(storeDir)).problems).toMatchObject(recorded);
    }),
  );

  test('that cannot be written leaves the WAL as it is', () =>
    withBench(async (bench) => {
      await threeSegments(bench);
      tear(bench, 1);
      const torn = readFileSync(pathOf(bench, 1));
      mkdirSync(join(bench.dir, `${recordName}.tmp`));
      await expect(Store.open(bench.options)).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
      expect(readFileSync(pathOf(bench, 1)).equals(torn)).toBe(true);
    }));

  test.each([
    ['no JSON', '{"version":1'],
    ['another version', '{"version":2,"problems":[],"lost":[]}'],
    ['no list', '{"version":1,"problems":{},"lost":[]}'],
    ['a strange code', '{"version":1,"problems":[{"code":"X","message":"y"}],"lost":[]}'],
    [
      'half a repair',
      '{"version":1,"problems":[{"code":"TSDB_WAL_REPAIRED","message":"y","repair":{"kind":"torn"}}],"lost":[]}',
    ],
    [
      'a repair of no kind',
      '{"version":1,"problems":[{"code":"TSDB_WAL_REPAIRED","message":"y","repair":{"kind":"toString"}}],"lost":[]}',
    ],
    [
      'a range that ends before it begins',
      '{"version":1,"problems":[],"lost":[{"mint":2,"maxt":2}]}',
    ],
    ['far too much', ' '.repeat(1024 * 1024 + 1)],
  ])('that is none says so: %s', (_name, text) =>
    withBench(async (bench) => {
      await threeSegments(bench);
      writeFileSync(join(bench.dir, recordName), text);
      const { problems } = await told(bench, true);
      expect(problems).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
      expect(problems[0]?.message).toContain('the record of it cannot be read');
      expect(await told(bench, true)).toMatchObject({ problems: [] });
    }),
  );

  test('gives every kind of repair back', () =>
    withBench(async (bench) => {
      await threeSegments(bench);
      const where = { segment: '00000001', offset: 7, bytes: 9 };
      const repairs = [
        { kind: 'torn', ...where },
        { kind: 'cut', ...where, reason: 'checksum' },
        { kind: 'moved', ...where, reason: 'checksum', segments: 2, aside: '/a' },
        { kind: 'foreign', segment: '00000001', segments: 2, aside: '/a' },
      ] as const;
      const problems = repairs.map((repair) => {
        const code = repair.kind === 'foreign' ? 'TSDB_WAL_COMPRESSED' : 'TSDB_WAL_REPAIRED';
        return { code, message: repair.kind, repair };
      });
      const lost = [{ mint: -5, maxt: 7 }];
      await writeRepairs(bench.dir, { problems, lost });
      expect(await told(bench, true)).toEqual({ problems, lost });
    }));
});

test('ranges are joined where they meet, and from the limit on', () => {
  const range = (mint: number, maxt: number) => ({ mint, maxt });
  expect(joinLost([range(5, 6), range(1, 3), range(2, 4), range(4, 5), range(8, 9)])).toEqual([
    range(1, 6),
    range(8, 9),
  ]);
  const many = Array.from({ length: maxRecordedLosses + 1 }, (_, at) => range(3 * at, 3 * at + 1));
  expect(joinLost(many.slice(1))).toEqual(many.slice(1));
  const joined = joinLost(many);
  expect(joined).toHaveLength(maxRecordedLosses);
  expect(joined.at(-1)).toEqual(range(3 * maxRecordedLosses - 3, 3 * maxRecordedLosses + 1));
});
