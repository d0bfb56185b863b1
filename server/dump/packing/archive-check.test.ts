import { expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { seededRng } from '../../../lib/runtime/index.ts';
import { sha256Of } from '../../share/block-fixture.ts';
import { ArchiveCheck, type WrittenArchive } from './archive-check.ts';
import { takeArchive } from './archive-fixture.ts';
import { ArchiveWriter } from './archive-writer.ts';

/** An archive with a large member, an empty one and a directory. */
async function written(): Promise<{ bytes: Buffer; told: WrittenArchive }> {
  const root = await mkdtemp(join(tmpdir(), 'archive-check-'));
  await writeFile(join(root, 'large'), seededRng(1).bytes(1_500_000));
  const archive = new ArchiveWriter({ dateMs: 0, maxBytes: 1e9 });
  const taken = takeArchive(archive);
  await archive.addFile('dir/large', join(root, 'large'), () => undefined);
  await archive.addDirectory('wal');
  await archive.addText('empty', '');
  await archive.addText('README.md', 'How to open it.');
  const told = await archive.finish();
  await rm(root, { recursive: true });
  return { bytes: await taken, told };
}

async function check(told: WrittenArchive, bytes: Uint8Array, pieceBytes: number): Promise<void> {
  const reading = new ArchiveCheck(told);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await reading.add(bytes.subarray(at, at + pieceBytes));
  }
  await reading.finish();
}

const refused = (part: string) => ({
  code: 'DUMP_VERIFY_FAILED',
  detail: expect.stringContaining(part) as unknown,
});

test('passes the archive that was written, however it is cut', async () => {
  const { bytes, told } = await written();
  for (const pieceBytes of [1000, 65_536, bytes.length]) await check(told, bytes, pieceBytes);
});

test('sees every byte that is another, and an archive that ends early or late', async () => {
  const { bytes, told } = await written();
  for (let at = 0; at < bytes.length; at += 60_013) {
    const bad = Buffer.from(bytes);
    bad[at]! ^= 4;
    await expect(check(told, bad, 65_536)).rejects.toMatchObject({ code: 'DUMP_VERIFY_FAILED' });
  }
  for (const length of [0, 1, 700_000, bytes.length - 8, bytes.length - 1]) {
    const cut = check(told, bytes.subarray(0, length), 65_536);
    await expect(cut).rejects.toMatchObject({ code: 'DUMP_VERIFY_FAILED' });
  }
  // Bytes of the head, which no checksum of gzip's covers: whoever unpacks it gets the same files.
  for (const at of [4, 9]) {
    const bad = Buffer.from(bytes);
    bad[at]! ^= 1;
    expect(gunzipSync(bad).equals(gunzipSync(bytes))).toBe(true);
    await expect(check(told, bad, 65_536)).rejects.toMatchObject(refused('not those written'));
  }
  const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
  const isLonger = refused(`it has ${String(bytes.length + 1)} bytes`);
  await expect(check(told, longer, 65_536)).rejects.toMatchObject(isLonger);
});

test('names the member that is missing, too many, longer, or has other bytes', async () => {
  const { bytes, told } = await written();
  const tar = gunzipSync(bytes);
  const asIfWritten = (files: WrittenArchive['files'], content = tar) => {
    const packed = gzipSync(content);
    return check({ files, sizeBytes: packed.length, sha256: sha256Of(packed) }, packed, 65_536);
  };
  await asIfWritten(told.files);
  const [large, ...others] = told.files;
  await expect(asIfWritten(others)).rejects.toMatchObject(refused('dir/large stands where empty'));
  const more = [...told.files, { path: 'more', sizeBytes: 0, sha256: '' }];
  await expect(asIfWritten(more)).rejects.toMatchObject(refused('it ends before more'));
  const shorter = [{ ...large!, sizeBytes: 1 }, ...others];
  await expect(asIfWritten(shorter)).rejects.toMatchObject(refused('dir/large has 1500000 bytes'));
  tar[512 + 700_000]! ^= 1;
  await expect(asIfWritten(told.files, tar)).rejects.toMatchObject(refused('bytes of dir/large'));
});

test('can be given up in the middle', async () => {
  const { bytes, told } = await written();
  const reading = new ArchiveCheck(told);
  await reading.add(bytes.subarray(0, 100_000));
  reading.abandon();
  await expect(reading.add(bytes.subarray(100_000))).rejects.toMatchObject({
    code: 'DUMP_VERIFY_FAILED',
  });
});
