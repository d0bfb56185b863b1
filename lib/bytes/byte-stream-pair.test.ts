import { expect, test } from '@jest/globals';
import { byteStreamPair } from './index.ts';

const bytesOf = (...values: number[]) => Uint8Array.from(values);

test('hands bytes over in order and ends each direction by itself', async () => {
  const [near, far] = byteStreamPair();
  const source = bytesOf(1, 2);
  await near.write(source);
  source[0] = 9;
  await near.write(bytesOf(3));
  await near.end();
  expect(await far.read()).toEqual(bytesOf(1, 2));
  expect(await far.read()).toEqual(bytesOf(3));
  expect(await far.read()).toBeUndefined();
  expect(await far.read()).toBeUndefined();
  await far.write(bytesOf(4));
  expect(await near.read()).toEqual(bytesOf(4));
  await expect(near.write(bytesOf(5))).rejects.toMatchObject({ code: 'BYTES_STREAM_DESTROYED' });
});

test('makes writes wait while the reader is behind', async () => {
  const [near, far] = byteStreamPair({ capacityBytes: 3 });
  await near.write(bytesOf(1, 2, 3));
  let isWritten = false;
  const write = near.write(bytesOf(4)).then(() => {
    isWritten = true;
  });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(isWritten).toBe(false);
  await far.read();
  await write;
  expect(isWritten).toBe(true);
});

test('cuts reads when told to', async () => {
  const [near, far] = byteStreamPair({ maxChunkBytes: 2 });
  await near.write(bytesOf(1, 2, 3));
  expect(await far.read()).toEqual(bytesOf(1, 2));
  expect(await far.read()).toEqual(bytesOf(3));
});

test('wakes everybody who waits when one end gives up', async () => {
  const [near, far] = byteStreamPair({ capacityBytes: 0 });
  const read = expect(near.read()).rejects.toMatchObject({ code: 'BYTES_STREAM_DESTROYED' });
  const write = expect(near.write(bytesOf(1))).rejects.toMatchObject({
    cause: { message: 'enough' },
  });
  far.destroy(new Error('enough'));
  await read;
  await write;
  await expect(far.read()).rejects.toMatchObject({ code: 'BYTES_STREAM_DESTROYED' });
});
