import { expect, test } from '@jest/globals';
import { WalWriter, type WalFile } from './wal-writer.ts';

/** Segment files and directory that only note what is done to them, and fail when they are told to. */
class NotedDisk {
  readonly done: string[] = [];
  /** What fails next, once: `sync 0` for segment 0, `dir` for the directory. */
  failing: string | undefined;
  #segments = 0;

  readonly open = (): Promise<WalFile> => {
    const segment = String(this.#segments++);
    return Promise.resolve({
      write: (_bytes, _offset, length) => Promise.resolve({ bytesWritten: length }),
      truncate: () => Promise.resolve(),
      datasync: () => this.#do(`sync ${segment}`),
      close: () => this.#do(`close ${segment}`),
    });
  };

  readonly syncDirectory = () => this.#do('dir');

  #do(what: string): Promise<void> {
    this.done.push(what);
    if (what !== this.failing) return Promise.resolve();
    this.failing = undefined;
    return Promise.reject(Object.assign(new Error('disk says no'), { code: 'EIO' }));
  }

  /** What was done since the last call. */
  news(): string[] {
    return this.done.splice(0);
  }
}

async function begin() {
  const disk = new NotedDisk();
  const writer = await WalWriter.open('wal', 0, disk.open, disk.syncDirectory);
  const write = async () => {
    writer.add(Uint8Array.of(1, 2, 3));
    await writer.write();
  };
  return { disk, writer, write };
}

test('syncs the segment, and once the directory that names it', async () => {
  const { disk, writer, write } = await begin();
  await write();
  await writer.sync();
  expect(disk.news()).toEqual(['sync 0', 'dir']);
  await writer.sync();
  expect([disk.news(), writer.isDirty]).toEqual([[], false]);
  await write();
  await writer.sync();
  expect(disk.news()).toEqual(['sync 0']);
});

test('syncs a finished segment, too, and names the next one', async () => {
  const { disk, writer, write } = await begin();
  await write();
  await writer.sync();
  disk.news();
  await write();
  await writer.cutSegment();
  await write();
  await writer.sync();
  expect(disk.news().sort()).toEqual(['close 0', 'dir', 'sync 0', 'sync 1']);
});

test.each(['sync 0', 'dir'])('believes no later %s when it has failed once', async (failing) => {
  const { disk, writer, write } = await begin();
  await write();
  disk.failing = failing;
  await expect(writer.sync()).rejects.toMatchObject({
    code: 'TSDB_WAL_IO',
    message: expect.stringContaining('says no'),
  });
  expect([writer.isDirty, writer.isDoubted]).toEqual([true, true]);
  disk.news();
  await expect(writer.sync()).rejects.toMatchObject({
    code: 'TSDB_WAL_IO',
    message: expect.stringContaining('refused'),
  });
  // Tried again all the same: what it brings to the disk is better than nothing.
  expect(disk.news()).toContain(failing);
  await writer.cutSegment();
  await write();
  await expect(writer.sync()).rejects.toMatchObject({
    code: 'TSDB_WAL_IO',
    message: expect.stringContaining('refused'),
  });
  writer.noteCovered(0);
  await writer.sync();
  expect([writer.isDirty, writer.isDoubted]).toEqual([false, false]);
});

test('tells that a finished segment could not be synced, unless it is covered by then', async () => {
  const { disk, writer, write } = await begin();
  for (const isCovered of [false, true]) {
    const { segment } = writer;
    await write();
    disk.failing = `sync ${String(segment)}`;
    await writer.cutSegment();
    if (isCovered) writer.noteCovered(segment);
    const synced = writer.sync();
    if (isCovered) await synced;
    else await expect(synced).rejects.toMatchObject({ code: 'TSDB_WAL_IO' });
    expect(writer.isDoubted).toBe(!isCovered);
    writer.noteCovered(segment);
    await writer.sync();
  }
});
