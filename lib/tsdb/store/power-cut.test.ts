import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { copyLive, syncedFiles } from './power-cut-fixture.ts';
import { temporaryDir } from './store-fixture.ts';

test('counts as synced what any sync has reached, in whatever order they end', async () => {
  const ends: (() => void)[] = [];
  const { openWalFile, synced, written } = syncedFiles(() =>
    Promise.resolve({
      write: (_bytes, _offset, length) => Promise.resolve({ bytesWritten: length }),
      truncate: () => Promise.resolve(),
      datasync: () => new Promise((resolve) => ends.push(resolve)),
      close: () => Promise.resolve(),
    }),
  );
  const file = await openWalFile('wal/00000002');
  const page = new Uint8Array(8);
  await file.write(page, 0, 3, 0);
  const early = file.datasync();
  await file.write(page, 0, 5, 3);
  const late = file.datasync();
  expect([synced.get('00000002'), written.get('00000002')]).toEqual([0, 8]);
  ends[1]!();
  await late;
  expect(synced.get('00000002')).toBe(8);
  ends[0]!();
  await early;
  expect(synced.get('00000002')).toBe(8);
});

test('copies a directory anew when something in it was renamed meanwhile', () => {
  const root = temporaryDir();
  const [dir, copy] = [join(root, 'data'), join(root, 'copy')];
  let copies = 0;
  const lose = (code: string) => {
    copies++;
    throw Object.assign(new Error('lost'), { code });
  };
  try {
    mkdirSync(join(dir, 'wal'), { recursive: true });
    writeFileSync(join(dir, 'wal', '00000001'), 'x');
    copyLive(dir, copy, (from, to) => {
      if (copies > 0) cpSync(from, to, { recursive: true });
      else {
        mkdirSync(join(to, 'half a block'), { recursive: true });
        lose('ENOENT');
      }
    });
    expect(readdirSync(copy, { recursive: true }).sort()).toEqual(['wal', 'wal/00000001']);
    expect(() => copyLive(dir, copy, () => lose('EACCES'))).toThrow('lost');
    expect(copies).toBe(2);
  } finally {
    rmSync(root, { recursive: true });
  }
});
