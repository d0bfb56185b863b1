import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRng } from '../../../lib/runtime/index.ts';
import { sha256Of } from '../../share/block-fixture.ts';
import { takeArchive } from './archive-fixture.ts';
import { ArchiveWriter } from './archive-writer.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'archive-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const noChunk = () => undefined;

function writer(maxBytes = 1e9): ArchiveWriter {
  return new ArchiveWriter({ dateMs: 1_700_000_000_000, maxBytes });
}

/** A writer whose bytes go nowhere. */
function drained(maxBytes?: number): ArchiveWriter {
  const archive = writer(maxBytes);
  takeArchive(archive).catch(() => undefined);
  return archive;
}

async function makeFile(name: string, sizeBytes: number): Promise<string> {
  const path = join(root, name);
  await writeFile(path, seededRng(sizeBytes + 1).bytes(sizeBytes));
  return path;
}

test('packs files of any size, a directory and texts as tar unpacks them', async () => {
  const sizes = [0, 1, 511, 512, 513, 262_144, 262_145, 1_000_000];
  const archive = writer();
  const taken = takeArchive(archive);
  for (const size of sizes) {
    await archive.addFile(`dir/${String(size)}`, await makeFile(String(size), size), noChunk);
  }
  await archive.addDirectory('empty');
  await archive.addText('text.md', 'häuser\n');
  const { sha256, sizeBytes } = await archive.finish();
  const bytes = await taken;
  expect([sha256Of(bytes), bytes.length]).toEqual([sha256, sizeBytes]);
  const archivePath = join(root, 'out.tar.gz');
  await writeFile(archivePath, bytes);
  const listing = execFileSync('tar', ['tvzf', archivePath]).toString();
  expect(listing).toMatch(/drwxr-xr-x .* empty\/\n/);
  expect(listing).toMatch(/-rw-r--r-- .* text.md\n/);
  execFileSync('tar', ['xzf', archivePath, '-C', root]);
  for (const { path, sha256: wanted } of archive.files) {
    expect(sha256Of(await readFile(join(root, path)))).toBe(wanted);
  }
  expect(archive.files).toHaveLength(sizes.length + 1);
});

test('waits with a file until what was made of it is taken', async () => {
  const archive = writer();
  const sizeBytes = 8_000_000;
  let readBytes = 0;
  const added = archive.addFile('big', await makeFile('big', sizeBytes), (bytes) => {
    readBytes += bytes;
  });
  const finished = added.then(() => archive.finish());
  // Random bytes do not shrink: what was read and not taken waits in memory, a bounded part of it.
  let takenBytes = 0;
  let aheadBytes = 0;
  for (;;) {
    const before = readBytes;
    const chunk = await archive.read();
    if (chunk === undefined) break;
    takenBytes += chunk.length;
    aheadBytes = Math.max(aheadBytes, before - takenBytes);
  }
  expect((await finished).sizeBytes).toBe(takenBytes);
  expect(aheadBytes).toBeLessThan(sizeBytes / 2);
});

test('fails when it would become too large', async () => {
  const archive = writer(300_000);
  const taken = takeArchive(archive);
  const adding = archive.addFile('big', await makeFile('big', 4_000_000), noChunk);
  await expect(adding).rejects.toMatchObject({ code: 'DUMP_TOO_LARGE' });
  await expect(taken).rejects.toMatchObject({ code: 'DUMP_TOO_LARGE' });
  await archive.discard();
});

test('may be as large as it may, and not a byte larger', async () => {
  const make = async (maxBytes?: number) => {
    const archive = writer(maxBytes);
    const taken = takeArchive(archive);
    taken.catch(() => undefined);
    const finish = async () => {
      await archive.addFile('some', await makeFile('some', 50_000), noChunk);
      const { sizeBytes } = await archive.finish();
      expect(await taken).toHaveLength(sizeBytes);
      return sizeBytes;
    };
    return await finish().finally(() => archive.discard());
  };
  const sizeBytes = await make();
  expect(await make(sizeBytes)).toBe(sizeBytes);
  await expect(make(sizeBytes - 1)).rejects.toMatchObject({ code: 'DUMP_TOO_LARGE' });
});

test('fails when a file is gone, shrinks, or the caller gives up, and can be discarded', async () => {
  const gone = drained();
  const adding = gone.addFile('gone', join(root, 'gone'), noChunk);
  await expect(adding).rejects.toMatchObject({ code: 'ENOENT' });
  await gone.discard();

  const path = await makeFile('file', 3_000_000);
  const shrinking = drained();
  let isCut = false;
  const cut = shrinking.addFile('file', path, () => {
    if (!isCut) void truncate(path, 1_000_000);
    isCut = true;
  });
  await expect(cut).rejects.toMatchObject({ code: 'DUMP_FAILED' });
  await shrinking.discard();

  const cancelled = drained();
  const wish = Object.assign(new Error('cancelled'), { code: 'THREAD_CANCELLED' });
  const cancelling = cancelled.addFile('file', await makeFile('file', 600_000), () => {
    throw wish;
  });
  await expect(cancelling).rejects.toBe(wish);
  await cancelled.discard();
});

test('that is discarded while nobody takes its bytes ends who waits', async () => {
  const archive = writer();
  const adding = archive.addFile('big', await makeFile('big', 8_000_000), noChunk);
  const failed = expect(adding).rejects.toMatchObject({ code: 'DUMP_CANCELLED' });
  await archive.discard();
  await failed;
  await expect(archive.read()).rejects.toMatchObject({ code: 'DUMP_CANCELLED' });
});
