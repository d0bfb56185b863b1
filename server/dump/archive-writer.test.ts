import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRng } from '../../lib/runtime/index.ts';
import { sha256Of } from '../share/block-fixture.ts';
import { ArchiveWriter } from './archive-writer.ts';

// Files are flushed for real: on a busy machine that takes its time.
jest.setTimeout(60_000);

let root: string;
let archivePath: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'archive-'));
  archivePath = join(root, 'out.tar.gz');
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const noChunk = () => undefined;

function writer(maxBytes = 1e9): ArchiveWriter {
  return new ArchiveWriter({ path: archivePath, dateMs: 1_700_000_000_000, maxBytes });
}

async function makeFile(name: string, sizeBytes: number): Promise<string> {
  const path = join(root, name);
  await writeFile(path, seededRng(sizeBytes + 1).bytes(sizeBytes));
  return path;
}

test('packs files of any size, a directory and texts as tar unpacks them', async () => {
  const sizes = [0, 1, 511, 512, 513, 262_144, 262_145, 1_000_000];
  const archive = writer();
  for (const size of sizes) {
    await archive.addFile(`dir/${String(size)}`, await makeFile(String(size), size), noChunk);
  }
  await archive.addDirectory('empty');
  await archive.addText('text.md', 'häuser\n');
  const { sha256, sizeBytes } = await archive.finish();
  const bytes = await readFile(archivePath);
  expect([sha256Of(bytes), bytes.length]).toEqual([sha256, sizeBytes]);
  expect((await stat(archivePath)).mode & 0o777).toBe(0o600);
  const listing = execFileSync('tar', ['tvzf', archivePath]).toString();
  expect(listing).toMatch(/drwxr-xr-x .* empty\/\n/);
  expect(listing).toMatch(/-rw-r--r-- .* text.md\n/);
  execFileSync('tar', ['xzf', archivePath, '-C', root]);
  for (const { path, sha256: wanted } of archive.files) {
    expect(sha256Of(await readFile(join(root, path)))).toBe(wanted);
  }
  expect(archive.files).toHaveLength(sizes.length + 1);
});

test('holds two megabytes at most of a file that is packed', async () => {
  const archive = writer();
  let readBytes = 0;
  let aheadBytes = 0;
  await archive.addFile('big', await makeFile('big', 20_000_000), (bytes) => {
    readBytes += bytes;
    // Random bytes do not shrink: what was read and is not yet written waits in memory.
    aheadBytes = Math.max(aheadBytes, readBytes - archive.sizeBytes);
  });
  await archive.finish();
  expect(readBytes).toBe(20_000_000);
  expect(aheadBytes).toBeLessThan(4_000_000);
});

test('fails, and leaves no file, when it would become too large', async () => {
  const archive = writer(100_000);
  const adding = archive.addFile('big', await makeFile('big', 400_000), noChunk);
  await expect(adding).rejects.toMatchObject({ code: 'DUMP_TOO_LARGE' });
  await archive.discard();
  expect(await readdir(root)).toEqual(['big']);
});

test('fails when a file is gone, shrinks, or the caller gives up, and can be discarded', async () => {
  const gone = writer();
  const adding = gone.addFile('gone', join(root, 'gone'), noChunk);
  await expect(adding).rejects.toMatchObject({ code: 'ENOENT' });
  await gone.discard();

  const path = await makeFile('file', 3_000_000);
  const shrinking = writer();
  let isCut = false;
  const cut = shrinking.addFile('file', path, () => {
    if (!isCut) void truncate(path, 1_000_000);
    isCut = true;
  });
  await expect(cut).rejects.toMatchObject({ code: 'DUMP_FAILED' });
  await shrinking.discard();

  const cancelled = writer();
  const wish = Object.assign(new Error('cancelled'), { code: 'THREAD_CANCELLED' });
  const cancelling = cancelled.addFile('file', await makeFile('file', 600_000), () => {
    throw wish;
  });
  await expect(cancelling).rejects.toBe(wish);
  await cancelled.discard();
  expect(await readdir(root)).toEqual(['file']);
});

test('fails when the archive cannot be written', async () => {
  const archive = new ArchiveWriter({
    path: join(root, 'no', 'such', 'directory'),
    dateMs: 0,
    maxBytes: 1e9,
  });
  // What is small may wait in buffers until the end.
  await archive.addText('a', 'b').catch(() => undefined);
  await expect(archive.finish()).rejects.toMatchObject({ code: 'ENOENT' });
  await archive.discard();
});
