import { expect, test } from '@jest/globals';
import { createGzip } from 'node:zlib';
import { BufferTrail, seededRng } from './index.ts';

test('frees a buffer when a chunk of the next one has passed, and no other', () => {
  const trail = new BufferTrail(100);
  const [first, second, shared] = [100, 100, 101].map((size) => new Uint8Array(size));
  trail.passed(first!.subarray(0, 50));
  trail.passed(first!.subarray(50));
  expect(first!.length).toBe(100);
  trail.passed(second!.subarray(0, 1));
  expect([first!.length, second!.length]).toEqual([0, 100]);
  trail.passed(shared!.subarray(0, 1));
  expect(second!.length).toBe(0);
  trail.passed(new Uint8Array(100));
  trail.passed(new Uint8Array(1));
  expect(shared!.length).toBe(101);
});

test('follows a stream of zlib', async () => {
  const bufferBytes = 128 * 1024;
  const gzip = createGzip({ level: 0, chunkSize: bufferBytes });
  const trail = new BufferTrail(bufferBytes);
  const seen: Uint8Array[] = [];
  let copied = 0;
  gzip.on('data', (chunk: Buffer) => {
    copied += Uint8Array.from(chunk).length;
    seen.push(chunk);
    trail.passed(chunk);
  });
  await new Promise((resolve) => {
    gzip.once('end', resolve);
    gzip.end(seededRng(1).bytes(2_000_000));
  });
  expect(copied).toBeGreaterThan(2_000_000);
  expect(seen.filter(({ length }) => length > 0).length).toBeLessThan(4);
});
