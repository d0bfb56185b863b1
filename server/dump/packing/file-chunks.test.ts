import { expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip, gunzipSync } from 'node:zlib';
import { seededRng } from '../../../lib/runtime/index.ts';
import { fileChunkBytes } from '../limits.ts';
import { FileChunks } from './file-chunks.ts';

test('reads a file of any size through a few buffers, none of which changes too early', async () => {
  const root = await mkdtemp(join(tmpdir(), 'file-chunks-'));
  const bytes = seededRng(1).bytes(100 * fileChunkBytes + 17);
  await writeFile(join(root, 'file'), bytes);
  const gzip = createGzip({ level: 0 });
  const files = new FileChunks(gzip);
  const rooms = new Set<ArrayBufferLike>();
  async function* seen() {
    for await (const chunk of files.of(join(root, 'file'))) {
      rooms.add(chunk.buffer);
      yield chunk;
    }
  }
  Readable.from(seen(), { objectMode: false }).pipe(files.gate).pipe(gzip);
  const compressed: Buffer[] = [];
  for await (const chunk of gzip) compressed.push(chunk as Buffer);
  expect(gunzipSync(Buffer.concat(compressed)).equals(bytes)).toBe(true);
  expect(rooms.size).toBeLessThan(20);
  await rm(root, { recursive: true });
});

test('lets what is not of a file through its gate', async () => {
  const gzip = createGzip();
  const { gate } = new FileChunks(gzip);
  gate.pipe(gzip);
  gate.write('a');
  gate.end(Buffer.from('b'));
  const compressed: Buffer[] = [];
  for await (const chunk of gzip) compressed.push(chunk as Buffer);
  expect(gunzipSync(Buffer.concat(compressed)).toString()).toBe('ab');
});
