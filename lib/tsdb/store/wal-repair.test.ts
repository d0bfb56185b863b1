import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryDir } from './store-fixture.ts';
import { repairWal } from './wal-repair.ts';

let storeDir = '';
let walDir = '';

beforeEach(() => {
  storeDir = temporaryDir();
  walDir = join(storeDir, 'wal');
  mkdirSync(walDir);
  for (const name of ['00000000', '00000001']) writeFileSync(join(walDir, name), `sound ${name}`);
});

afterEach(() => {
  rmSync(storeDir, { recursive: true });
});

/** Repairs a WAL whose first segment is damaged at `offset`, on a disk that has no room for a copy. */
async function repairWithoutRoom(offset: number) {
  const damage = {
    ...{ dir: walDir, segment: 0, offset, bytes: 14 - offset, reason: 'checksum' },
    ...{ isTorn: false, isLast: false, isCompressed: false },
  };
  const told = await repairWal({
    ...{ storeDir, walDir, segments: [0, 1], damages: [damage], holes: [], samplesUnknown: 0 },
    nowMs: 7,
    copy(_from, to) {
      writeFileSync(to, 'half');
      return Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    },
  });
  expect(told).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
  expect(told[0]?.message).toContain('too full for a copy');
  return readdirSync(join(storeDir, 'wal.corrupt-7')).sort();
}

test('a full disk costs the copy of a damaged segment, not the start of the store', async () => {
  expect(await repairWithoutRoom(5)).toEqual(['00000001']);
  expect(readdirSync(walDir)).toEqual(['00000000']);
  expect(readFileSync(join(walDir, '00000000'), 'utf8')).toBe('sound');
});

test('a segment of which nothing is readable needs no room to be kept', async () => {
  expect(await repairWithoutRoom(0)).toEqual(['00000000', '00000001']);
  expect(readdirSync(walDir)).toEqual([]);
});
