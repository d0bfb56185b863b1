import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makeDurable, replaceFile } from './durable-file.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'durable-file-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('a text takes the place of the one before, with nothing beside it', async () => {
  const path = join(directory, 'kept');
  await replaceFile(path, 'a long text of before', 0o600);
  await replaceFile(path, 'short', 0o600);
  expect(readFileSync(path, 'utf8')).toBe('short');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['kept']);
});

test('what cannot be put in its place leaves nothing, and tells why', async () => {
  const path = join(directory, 'kept');
  mkdirSync(path);
  await expect(replaceFile(path, 'text', 0o600)).rejects.toMatchObject({ code: 'EISDIR' });
  expect(readdirSync(directory)).toEqual(['kept']);
});

test('of a temporary that cannot be written, nor removed, the first trouble is told', async () => {
  mkdirSync(join(directory, 'kept.tmp'));
  const replaced = replaceFile(join(directory, 'kept'), 'text', 0o600);
  await expect(replaced).rejects.toMatchObject({ code: 'EISDIR', syscall: 'open' });
});

test('a file and a directory are made durable, and what is not there is told', async () => {
  await replaceFile(join(directory, 'kept'), 'text', 0o600);
  await makeDurable(join(directory, 'kept'));
  await makeDurable(directory);
  await expect(makeDurable(join(directory, 'other'))).rejects.toMatchObject({ code: 'ENOENT' });
});
