import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysOf } from './conformance-fixture.ts';
import { checkKey, LocalStore, readObject } from './index.ts';
import { maxKeyBytes } from './limits.ts';

let root: string;
let store: LocalStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'small-objects-'));
  store = new LocalStore(root);
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

test('an object is read whole up to the limit, and not a byte beyond', async () => {
  await store.put('key', new Uint8Array(100).fill(7));
  expect(await readObject(store, 'key', { limitBytes: 100 })).toHaveLength(100);
  const refused = readObject(store, 'key', { limitBytes: 99 });
  await expect(refused).rejects.toMatchObject({ code: 'STORE_TOO_LARGE' });
});

test('a store that gives back other bytes than it was given does not pass its check', async () => {
  await store.check('probe');
  const { put } = store;
  store.put = (key, body, options) => {
    const bytes = (body as Uint8Array).slice();
    bytes[0]! ^= 1;
    return put.call(store, key, bytes, options);
  };
  await expect(store.check('probe')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(await keysOf(store, '')).toEqual([]);
});

test('a key is as long as its bytes, not as its characters', () => {
  const ofBytes = (bytes: number) => {
    const key = Array.from({ length: 6 }, () => 'ä'.repeat(80)).join('/');
    return `${key}/${'x'.repeat(bytes - Buffer.byteLength(key) - 1)}`;
  };
  expect(Buffer.byteLength(ofBytes(maxKeyBytes))).toBe(1024);
  checkKey(ofBytes(maxKeyBytes));
  expect(() => {
    checkKey(ofBytes(maxKeyBytes + 1));
  }).toThrow(expect.objectContaining({ code: 'STORE_BAD_KEY' }));
});
