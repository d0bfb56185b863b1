import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makeDirectory } from './index.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'make-directory-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

test('makes what is missing, with the mode, and leaves what is there', async () => {
  await makeDirectory(join(root, 'a/b/c'), 0o750);
  await makeDirectory(join(root, 'a/b/c'), 0o700);
  for (const path of ['a', 'a/b', 'a/b/c']) {
    expect((await stat(join(root, path))).mode & 0o777).toBe(0o750);
  }
});

test('takes a race for the same directories', async () => {
  const path = join(root, 'x/y/z');
  await Promise.all(Array.from({ length: 10 }, () => makeDirectory(path, 0o750)));
  expect((await stat(path)).isDirectory()).toBe(true);
});

test('fails where a file is in the way', async () => {
  await writeFile(join(root, 'file'), '');
  await expect(makeDirectory(join(root, 'file'), 0o750)).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeDirectory(join(root, 'file/x'), 0o750)).rejects.toMatchObject({
    code: 'ENOTDIR',
  });
});

test('ends where nobody can make a directory', async () => {
  const making = makeDirectory('/proc/metrics/data', 0o750);
  await expect(making).rejects.toMatchObject({ code: 'ENOENT' });
});
