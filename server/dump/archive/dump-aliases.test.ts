import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dump } from '../../../api/index.ts';
import { LocalStore, readObject } from '../../../lib/objectstore/index.ts';
import { removeTree } from '../../share/block-fixture.ts';
import { aliasSecretKey } from '../../share/index.ts';
import { aliasSecret, readAliases, writeAliases } from './dump-aliases.ts';

const { signal } = new AbortController();
let root: string;
let store: LocalStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'aliases-'));
  store = new LocalStore(root);
});

afterEach(async () => {
  await removeTree(root);
});

describe('the key of aliases', () => {
  const stored = () => readObject(store, aliasSecretKey, { limitBytes: 1024 });

  test('is made once, of 32 random bytes', async () => {
    const secret = await aliasSecret(store, signal);
    expect(secret).toHaveLength(32);
    expect(await stored()).toEqual(secret);
    expect(await aliasSecret(store, signal)).toEqual(secret);
    await store.delete(aliasSecretKey);
    expect(await aliasSecret(store, signal)).not.toEqual(secret);
  });

  test.each([0, 31, 33])('is made anew when there is one of %d bytes', async (bytes) => {
    await store.put(aliasSecretKey, new Uint8Array(bytes));
    const secret = await aliasSecret(store, signal);
    expect(secret).toHaveLength(32);
    expect(secret).not.toEqual(new Uint8Array(32));
    expect(await stored()).toEqual(secret);
  });

  test('is the one that is there in the end, whoever wrote it', async () => {
    const others = new Uint8Array(32).fill(9);
    const { put } = store;
    store.put = async (key) => await put.call(store, key, others);
    expect(Buffer.from(await aliasSecret(store, signal))).toEqual(Buffer.from(others));
    await store.delete(aliasSecretKey);
    store.put = async (key) => await put.call(store, key, new Uint8Array(3));
    const refused = { code: 'DUMP_VERIFY_FAILED' };
    await expect(aliasSecret(store, signal)).rejects.toMatchObject(refused);
  });
});

describe('the aliases of a dump', () => {
  const id = 'a'.repeat(26);
  const read = (dump: Partial<Dump>) =>
    readAliases(store, { id, redaction: 'hosts-and-ids', state: 'ready', ...dump } as Dump);

  test('are told when it is ready, redacted, and they are there', async () => {
    await expect(read({})).rejects.toMatchObject({ code: 'DUMP_ARCHIVE_MISSING' });
    await writeAliases(store, id, { 'host-1': 'app1' }, signal);
    expect(await read({})).toEqual({ aliases: { 'host-1': 'app1' } });
    await expect(read({ redaction: 'none' })).rejects.toMatchObject({ code: 'DUMP_NOT_REDACTED' });
  });

  test.each(['queued', 'running', 'failed', 'cancelled'] as const)(
    'are not told when it is %s',
    async (state) => {
      await writeAliases(store, id, { 'host-1': 'app1' }, signal);
      await expect(read({ state })).rejects.toMatchObject({ code: 'DUMP_NOT_READY' });
    },
  );
});
