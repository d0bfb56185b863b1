import { afterEach, expect, test } from '@jest/globals';
import {
  mkdtemp,
  mkdir,
  open,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../runtime/index.ts';
import { LocalStore } from './index.ts';
import { describeObjectStore, keysOf } from './conformance-fixture.ts';

const roots: string[] = [];

async function newRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'object-store-'));
  roots.push(root);
  return root;
}

afterEach(async () => {
  for (const root of roots.splice(0)) await rm(root, { recursive: true, force: true });
});

const bytes = new TextEncoder().encode('some bytes');

describeObjectStore('local', async () => new LocalStore(await newRoot()));

test('makes the root, files for the owner alone and directories as the server does', async () => {
  const root = join(await newRoot(), 'not', 'there', 'yet');
  const store = new LocalStore(root);
  await store.put('dir/key', bytes);
  expect((await stat(join(root, 'dir/key'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, 'dir'))).mode & 0o777).toBe(0o750);
});

test('never lists temporaries and removes those older than a day', async () => {
  const root = await newRoot();
  const store = new LocalStore(root);
  await store.put('dir/key', bytes);
  await writeFile(join(root, 'dir/fresh.tmp-1'), 'x');
  await writeFile(join(root, 'dir/old.tmp-2'), 'x');
  const old = new Date(systemClock.nowMs() - 25 * 3_600_000);
  await utimes(join(root, 'dir/old.tmp-2'), old, old);
  expect(await keysOf(store, '')).toEqual(['dir/key']);
  expect((await readdir(join(root, 'dir'))).sort()).toEqual(['fresh.tmp-1', 'key']);
});

test('tells a full disk and leaves nothing, wherever it runs full', async () => {
  for (const failing of ['write', 'sync', 'close'] as const) {
    const root = await newRoot();
    const store = new LocalStore(root, { openFile: fullDisk(failing) });
    const put = store.put('a/b/key', bytes);
    await expect(put).rejects.toMatchObject({ code: 'STORE_FULL', key: 'a/b/key' });
    expect(await readdir(root)).toEqual([]);
  }
});

test('keeps paths of the host out of its messages', async () => {
  const root = await newRoot();
  const store = new LocalStore(root);
  await store.put('key', bytes);
  const conflict = await store.put('key/below', bytes).catch((error: unknown) => error);
  expect(conflict).toMatchObject({ code: 'STORE_CONFLICT' });
  expect((conflict as Error).message).not.toContain(root);
});

test('does not wait for a pipe and does not follow links in a circle for ever', async () => {
  const root = await newRoot();
  execFileSync('mkfifo', [join(root, 'pipe')]);
  await mkdir(join(root, 'dir'));
  await symlink('..', join(root, 'dir', 'up'));
  await symlink('nowhere', join(root, 'dangling'));
  const store = new LocalStore(root);
  await expect(store.get('pipe')).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  expect(await keysOf(store, '')).toEqual([]);
});

test('gives no body to who gave up while the file was being opened', async () => {
  const store = new LocalStore(await newRoot());
  await store.put('key', bytes);
  const abort = new AbortController();
  const opening = store.get('key', { signal: abort.signal });
  abort.abort();
  await expect(opening).rejects.toMatchObject({ code: 'STORE_ABORTED' });
});

test('ends a body in an error when the file became shorter', async () => {
  const root = await newRoot();
  const store = new LocalStore(root);
  await store.put('key', new Uint8Array(1_000_000));
  const { body } = await store.get('key');
  await writeFile(join(root, 'key'), 'short');
  const reading = (async () => {
    for await (const chunk of body) expect(chunk).toBeDefined();
  })();
  await expect(reading).rejects.toMatchObject({ code: 'STORE_TRUNCATED' });
});

/** Opens real files of which one call fails as on a full disk. */
function fullDisk(failing: 'write' | 'sync' | 'close') {
  return async (path: string, flags: string, mode?: number): Promise<FileHandle> => {
    const handle = await open(path, flags, mode);
    const inner = handle[failing].bind(handle) as () => Promise<unknown>;
    const fail = async () => {
      if (failing === 'close') await inner();
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
    return Object.assign(handle, { [failing]: fail });
  };
}
