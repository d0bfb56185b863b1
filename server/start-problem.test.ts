import { expect, test } from '@jest/globals';
import { say } from '../api/index.ts';
import { StoreError } from '../lib/tsdb/index.ts';
import { DataDirectoryError } from './places/index.ts';
import { startProblem } from './start-problem.ts';

const system = (code: string) => Object.assign(new Error(`${code}: it fails`), { code });
const ofLog = (cause: unknown) =>
  new StoreError('TSDB_WAL_IO', 'the WAL cannot be written', { cause });

/** Code, message and what is advised. */
function told(error: unknown): [code: string, message: string, advice: string | undefined] {
  const { code, message, sentences } = startProblem(error);
  return [code, message, sentences?.advice.id];
}

const disk = 'start.disk.advice';
const refused = 'start.refused.advice';
const openFiles = 'start.open-files.advice';

test.each([
  ['EIO', disk],
  ['ENOENT', disk],
  ['EEXIST', disk],
  ['EACCES', refused],
  ['EPERM', refused],
  ['EROFS', refused],
  ['EMFILE', openFiles],
  ['ENFILE', openFiles],
])(
  'a log that cannot be written for %s is no matter of DBPath, nor are other files',
  (code, want) => {
    const reason = `${code}: it fails`;
    const ofTheLog = `The log of the store cannot be written: ${reason}`;
    expect(told(ofLog(system(code)))).toEqual(['TSDB_WAL_IO', ofTheLog, want]);
    const other = `The plugin could not start collecting: ${reason}`;
    expect(told(system(code))).toEqual([code, other, want]);
  },
);

test('a log that says no more has the disk looked at', () => {
  const error = new StoreError('TSDB_WAL_IO', 'the disk has refused');
  expect(told(error)).toEqual([
    'TSDB_WAL_IO',
    'The log of the store cannot be written: the disk has refused',
    disk,
  ]);
});

test.each([['RPC_CLOSED'], ['API_FAILED'], [undefined]])(
  'what has nothing to do with the disk advises nothing about it: %s',
  (code) => {
    const error = Object.assign(new Error('away'), { code });
    const message = 'The plugin could not start collecting: away';
    expect(told(error)).toEqual([code ?? 'START_FAILED', message, 'start.unknown.advice']);
  },
);

test('a full disk is one whoever says so', () => {
  const full = new StoreError('TSDB_DISK_FULL', 'no space left');
  for (const error of [full, system('ENOSPC'), system('EDQUOT')]) {
    expect(told(error)[0]).toBe('TSDB_DISK_FULL');
    expect(told(error)[2]).toBe('start.full.advice');
  }
});

test('a directory that cannot be used, or is in use, is chosen anew', () => {
  const unusable = new DataDirectoryError(say('directory.denied'));
  expect(told(unusable)[2]).toBe('start.place.advice');
  const locked = new StoreError('TSDB_LOCKED', 'in use', { pid: 7 });
  expect(told(locked)).toEqual([
    'TSDB_LOCKED',
    'The data directory is in use by process 7.',
    'start.locked.advice',
  ]);
});
