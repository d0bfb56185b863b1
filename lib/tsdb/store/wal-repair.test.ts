import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryDir } from './store-fixture.ts';
import { repairWal, type RepairOptions } from './wal-repair.ts';

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

/** Repairs a WAL whose first segment is damaged at `offset`. */
function repair(offset: number, ports: Pick<RepairOptions, 'copy' | 'sync'> = {}) {
  const damage = {
    ...{ dir: walDir, segment: 0, offset, bytes: 14 - offset, reason: 'checksum' },
    ...{ isTorn: false, isLast: false, isCompressed: false },
  };
  return repairWal({
    ...{ storeDir, walDir, segments: [0, 1], damages: [damage], holes: [], samplesUnknown: 0 },
    ...{ nowMs: 7, ...ports },
  });
}

/** As {@link repair}, on a disk that makes no copy; returns what was told. */
async function repairWithoutCopy(offset: number, code: string): Promise<string | undefined> {
  const told = await repair(offset, {
    copy(_from, to) {
      writeFileSync(to, 'half');
      return Promise.reject(Object.assign(new Error(`${code}: it fails`), { code }));
    },
  });
  expect(told).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
  return told[0]?.message;
}

const aside = () => readdirSync(join(storeDir, 'wal.corrupt-7')).sort();

test('a full disk costs the copy of a damaged segment, not the start of the store', async () => {
  expect(await repairWithoutCopy(5, 'ENOSPC')).toContain('too full for a copy');
  expect(aside()).toEqual(['00000001']);
  expect(readdirSync(walDir)).toEqual(['00000000']);
  expect(readFileSync(join(walDir, '00000000'), 'utf8')).toBe('sound');
});

test('a segment of which nothing is readable needs no room to be kept', async () => {
  expect(await repairWithoutCopy(0, 'ENOSPC')).toContain('too full for a copy');
  expect(aside()).toEqual(['00000000', '00000001']);
  expect(readdirSync(walDir)).toEqual([]);
});

test('a segment that cannot be read to its end costs the copy only', async () => {
  expect(await repairWithoutCopy(5, 'EIO')).toContain('could not be copied: EIO: it fails');
  expect(aside()).toEqual(['00000001']);
  expect(readFileSync(join(walDir, '00000000'), 'utf8')).toBe('sound');
});

test('has on the disk what is set aside before it is cut off', async () => {
  const synced: string[] = [];
  await repair(5, {
    sync(path) {
      expect(readFileSync(join(walDir, '00000000'), 'utf8')).toBe('sound 00000000');
      synced.push(path);
      return Promise.resolve();
    },
  });
  const kept = join(storeDir, 'wal.corrupt-7');
  expect(synced).toEqual([join(kept, '00000000')]);
  expect(readFileSync(join(kept, '00000000'), 'utf8')).toBe('sound 00000000');
  expect(readFileSync(join(walDir, '00000000'), 'utf8')).toBe('sound');
});

test('a copy that the disk does not take counts as none', async () => {
  const told = await repair(5, {
    sync: () => Promise.reject(Object.assign(new Error('EIO: it fails'), { code: 'EIO' })),
  });
  expect(told[0]?.message).toContain('could not be copied: EIO: it fails');
  expect(aside()).toEqual(['00000001']);
});

test('refuses where nothing can be set aside, and leaves everything as it was', async () => {
  writeFileSync(join(storeDir, 'wal.corrupt-7'), '');
  await expect(repair(5)).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
  expect(readdirSync(walDir)).toEqual(['00000000', '00000001']);
  expect(readFileSync(join(walDir, '00000000'), 'utf8')).toBe('sound 00000000');
});

test('leaves nothing aside, however often it fails', async () => {
  rmSync(join(walDir, '00000001'));
  await expect(repair(5)).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
  expect(readdirSync(storeDir)).toEqual(['wal']);
  // Nor when the damaged segment is what cannot be cut.
  writeFileSync(join(walDir, '00000001'), 'sound');
  rmSync(join(walDir, '00000000'));
  mkdirSync(join(walDir, '00000000'));
  await expect(repair(5)).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
  expect(readdirSync(storeDir)).toEqual(['wal']);
  expect(readdirSync(walDir)).toEqual(['00000000', '00000001']);
});
