import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chooseDataDirectory } from './data-directory.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'data-directory-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

function choose(choice: { dbPath?: string; bundlePath?: string; fileDirectory?: string } = {}) {
  return chooseDataDirectory({
    dbPath: 'plugin/data',
    fileDirectory: './files/',
    bundlePath: '',
    workingDirectory: root,
    ...choice,
  });
}

test('creates the configured directory below the working directory, for the server only', async () => {
  expect(await choose()).toEqual({ path: join(root, 'plugin/data'), problems: [] });
  expect((await stat(join(root, 'plugin/data'))).mode & 0o777).toBe(0o750);
  expect(await readdir(join(root, 'plugin/data'))).toEqual([]);
});

test('takes an absolute path as it is', async () => {
  expect((await choose({ dbPath: join(root, 'abs') })).path).toBe(join(root, 'abs'));
});

test('falls back below the file directory when the path is a file, and says so', async () => {
  await writeFile(join(root, 'plugin'), '');
  const { path, problems } = await choose();
  expect(path).toBe(join(root, 'files/mattermost-plugin-metrics/data'));
  expect(problems).toMatchObject([{ code: 'DATA_DIRECTORY_FALLBACK', severity: 'warning' }]);
  expect(problems[0]?.message).toContain('is not a directory');
});

test('never lies inside the bundle, not even through a link', async () => {
  await mkdir(join(root, 'bundle'));
  await symlink(join(root, 'bundle'), join(root, 'link'));
  for (const dbPath of ['bundle/data', 'bundle', 'link/data']) {
    const { path, problems } = await choose({ dbPath, bundlePath: join(root, 'bundle') });
    expect(path).toBe(join(root, 'files/mattermost-plugin-metrics/data'));
    expect(problems[0]?.message).toContain('inside the plugin');
  }
  // Beside it, whatever their names have in common.
  const beside = await choose({ dbPath: 'bundle-data', bundlePath: join(root, 'bundle') });
  expect(beside).toEqual({ path: join(root, 'bundle-data'), problems: [] });
});

test('fails with a code when nothing can be written', async () => {
  await writeFile(join(root, 'plugin'), '');
  await writeFile(join(root, 'files'), '');
  await expect(choose()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
});

test('falls back from a place where nobody can make a directory', async () => {
  const { path, problems } = await choose({ dbPath: '/proc/metrics' });
  expect(path).toBe(join(root, 'files/mattermost-plugin-metrics/data'));
  expect(problems).toMatchObject([{ code: 'DATA_DIRECTORY_FALLBACK' }]);
});

test('stays with data in the fallback when the configured directory can be written again', async () => {
  const fallback = join(root, 'files/mattermost-plugin-metrics/data');
  await mkdir(join(fallback, 'wal'), { recursive: true });
  const kept = await choose();
  expect([kept.path, kept.problems[0]?.code]).toEqual([fallback, 'DATA_DIRECTORY_KEPT']);
  await mkdir(join(root, 'plugin/data/wal'), { recursive: true });
  const split = await choose();
  expect(split.path).toBe(join(root, 'plugin/data'));
  expect(split.problems).toMatchObject([{ code: 'DATA_DIRECTORY_SPLIT', severity: 'warning' }]);
});
