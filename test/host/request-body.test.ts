import { expect, test } from '@jest/globals';
import { ByteWriter, byteStreamPair, fromHex, type ByteStream } from '../../lib/bytes/index.ts';
import { serveRequestBody } from './request-body.ts';

async function* bodyOf(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const [at, size] of sizes.entries()) yield await Promise.resolve(Buffer.alloc(size, at + 1));
}

function ask(stream: ByteStream, count: number): Promise<void> {
  return stream.write(new ByteWriter().varint(count).finish());
}

async function take(stream: ByteStream, count: number): Promise<number> {
  let taken = 0;
  while (taken < count) {
    const chunk = await stream.read();
    if (chunk === undefined) return taken;
    taken += chunk.length;
  }
  return taken;
}

test('sends as much as is asked for, and ends with the body', async () => {
  const [near, far] = byteStreamPair();
  const serving = serveRequestBody(far, bodyOf(10, 0, 70_000));
  await near.write(fromHex('80'));
  await near.write(fromHex('80 04'));
  expect(await take(near, 32_768)).toBe(32_768);
  await ask(near, 100);
  expect(await take(near, 100)).toBe(100);
  await ask(near, 100_000);
  expect(await take(near, 100_000)).toBe(70_010 - 32_868);
  await serving;
});

test('ends when the reader is not interested', async () => {
  const [near, far] = byteStreamPair();
  const serving = serveRequestBody(far, bodyOf(10));
  await near.end();
  await serving;
  expect(await near.read()).toBeUndefined();
});

test('serves several questions in one piece', async () => {
  const [near, far] = byteStreamPair();
  const serving = serveRequestBody(far, bodyOf(10));
  await near.write(fromHex('04 04 10'));
  expect(await take(near, 12)).toBe(10);
  await serving;
});
