import { describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import type { ListEntry, ObjectStore } from './object-store.ts';
import { readObject } from './read-object.ts';
import { seededRng, systemClock } from '../runtime/index.ts';

/**
 * The suite that every driver passes. `open` gives a store with nothing in it; each test asks for
 * its own, so that tests do not see each other's keys.
 */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name} as an object store`, () => {
    describePut(open);
    describeGet(open);
    describeList(open);
    describeKeys(open);
    describeRest(open);
    describeModel(open);
  });
}

type Open = () => Promise<ObjectStore>;

function describePut(open: Open): void {
  test('gives back what was put, as bytes and as chunks', async () => {
    const store = await open();
    const bytes = seededRng(1).bytes(300_000);
    const head = await store.put('a/bytes', bytes);
    expect(head.sizeBytes).toBe(bytes.length);
    await store.put('a/chunks', chunksOf(bytes, 7001), { sizeBytes: bytes.length });
    await store.put('a/readable', Readable.from(chunksOf(bytes, 1000)), {
      sizeBytes: bytes.length,
    });
    for (const key of ['a/bytes', 'a/chunks', 'a/readable']) {
      expect(Buffer.compare(await readObject(store, key), bytes)).toBe(0);
    }
  });

  test('keeps an empty object', async () => {
    const store = await open();
    await store.put('empty', new Uint8Array(0));
    await store.put('empty-chunks', chunksOf(new Uint8Array(0), 1), { sizeBytes: 0 });
    expect((await store.head('empty'))?.sizeBytes).toBe(0);
    expect(await readObject(store, 'empty-chunks')).toHaveLength(0);
  });

  test('replaces an object and changes its etag', async () => {
    const store = await open();
    const first = await store.put('key', text('one'));
    expect((await store.head('key'))?.etag).toBe(first.etag);
    await store.put('key', text('other'));
    expect(await readText(store, 'key')).toBe('other');
    expect((await store.head('key'))?.etag).not.toBe(first.etag);
  });

  test('refuses a body that is not as long as was said, and keeps the old object', async () => {
    const store = await open();
    await store.put('key', text('old'));
    for (const sizeBytes of [9, 11]) {
      const put = store.put('key', chunksOf(text('0123456789'), 3), { sizeBytes });
      await expect(put).rejects.toMatchObject({ code: 'STORE_SIZE_MISMATCH' });
    }
    expect(await readText(store, 'key')).toBe('old');
    expect(await keysOf(store, '')).toEqual(['key']);
  });

  test('leaves nothing when the body fails or the caller gives up', async () => {
    const store = await open();
    const broken = store.put('x/broken', failingBody(), { sizeBytes: 100_000 });
    await expect(broken).rejects.toMatchObject({ name: 'StoreError' });
    const abort = new AbortController();
    const silent = silentBody(() => {
      abort.abort();
    });
    const aborted = store.put('x/aborted', silent, { sizeBytes: 100, signal: abort.signal });
    await expect(aborted).rejects.toMatchObject({ code: 'STORE_ABORTED' });
    expect(await store.head('x/broken')).toBeUndefined();
    expect(await store.head('x/aborted')).toBeUndefined();
    expect(await keysOf(store, '')).toEqual([]);
  });
}

function describeGet(open: Open): void {
  test('gives ranges with their sizes', async () => {
    const store = await open();
    await store.put('key', text('0123456789'));
    const want = async (start: number, end: number | undefined, content: string) => {
      const range = end === undefined ? { start } : { start, end };
      const got = await store.get('key', { range });
      expect([got.sizeBytes, got.totalBytes]).toEqual([content.length, 10]);
      expect(got.etag).toBe((await store.head('key'))?.etag);
      expect(await bodyText(got.body)).toBe(content);
    };
    await want(0, undefined, '0123456789');
    await want(0, 1, '0');
    await want(3, 7, '3456');
    await want(9, undefined, '9');
    await want(5, 1000, '56789');
  });

  test('refuses ranges without a byte in them', async () => {
    const store = await open();
    await store.put('key', text('0123456789'));
    for (const range of [{ start: 10 }, { start: -1 }, { start: 3, end: 3 }, { start: 0.5 }]) {
      const get = store.get('key', { range });
      await expect(get).rejects.toMatchObject({ code: 'STORE_BAD_RANGE' });
    }
  });

  test('tells a missing object', async () => {
    const store = await open();
    await expect(store.get('no/such')).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
    expect(await store.head('no/such')).toBeUndefined();
    await store.put('dir/object', text('x'));
    await expect(store.get('dir')).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
    expect(await store.head('dir')).toBeUndefined();
    expect(await store.head('dir/object/below')).toBeUndefined();
  });

  test('stops a body when the caller gives up or destroys it', async () => {
    const store = await open();
    await store.put('key', new Uint8Array(2_000_000));
    const abort = new AbortController();
    const { body } = await store.get('key', { signal: abort.signal });
    await body[Symbol.asyncIterator]().next();
    abort.abort();
    await expect(bodyText(body)).rejects.toMatchObject({ code: 'STORE_ABORTED' });
    const unread = await store.get('key');
    await new Promise((resolve) => unread.body.once('close', resolve).destroy());
    const late = store.get('key', { signal: abort.signal });
    await expect(late).rejects.toMatchObject({ code: 'STORE_ABORTED' });
  });
}

function describeList(open: Open): void {
  test('lists keys in byte order', async () => {
    const store = await open();
    const keys = ['a', 'a-b', 'a.b/c', 'a0', 'aé', 'b/a', 'b/a/c-1', 'z/y/x'].filter(
      (key) => key !== 'b/a',
    );
    for (const key of [...keys].reverse()) await store.put(key, text(key));
    await store.put('a/b', text('conflict')).catch(() => undefined);
    const listed = await keysOf(store, '');
    expect(listed.filter((key) => key !== 'a/b')).toEqual(keys);
    expect([...listed].sort((a, b) => Buffer.compare(text(a), text(b)))).toEqual(listed);
  });

  test('lists by prefixes that end anywhere', async () => {
    const store = await open();
    for (const key of ['d/01A/meta', 'd/01AB/meta', 'd/02/meta', 'e']) {
      await store.put(key, text(key));
    }
    expect(await keysOf(store, 'd/01A')).toEqual(['d/01A/meta', 'd/01AB/meta']);
    expect(await keysOf(store, 'd/01A/')).toEqual(['d/01A/meta']);
    expect(await keysOf(store, 'd/02/meta')).toEqual(['d/02/meta']);
    expect(await keysOf(store, 'nothing/')).toEqual([]);
    expect(await keysOf(store, 'e/')).toEqual([]);
  });

  test('folds by the delimiter', async () => {
    const store = await open();
    for (const key of ['d/01/a', 'd/01/b/c', 'd/02/a', 'd/file']) await store.put(key, text('12'));
    const entries: ListEntry[] = [];
    for await (const entry of store.list({ prefix: 'd/', delimiter: '/' })) entries.push(entry);
    expect(entries).toMatchObject([
      { kind: 'prefix', key: 'd/01/' },
      { kind: 'prefix', key: 'd/02/' },
      { kind: 'object', key: 'd/file', sizeBytes: 2 },
    ]);
  });

  test('does not list a prefix once its last object is deleted', async () => {
    const store = await open();
    await store.put('d/01/a/b', text('x'));
    await store.delete('d/01/a/b');
    const entries: ListEntry[] = [];
    for await (const entry of store.list({ prefix: 'd/', delimiter: '/' })) entries.push(entry);
    expect(entries).toEqual([]);
  });
}

function describeKeys(open: Open): void {
  const bad = [
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    'a/./b',
    'a\\b',
    'a\0b',
    'a\nb',
    'x.tmp-1',
    '\ud800',
    'a'.repeat(201),
    'abc/'.repeat(300) + 'a',
    `${'a/'.repeat(16)}a`,
  ];
  test('refuses keys that are no plain relative paths', async () => {
    const store = await open();
    const refusal = expect.objectContaining({ code: 'STORE_BAD_KEY' }) as unknown;
    for (const key of bad) {
      await expect(store.put(key, text('x'))).rejects.toEqual(refusal);
      await expect(store.get(key)).rejects.toEqual(refusal);
      await expect(store.head(key)).rejects.toEqual(refusal);
      await expect(store.delete(key)).rejects.toEqual(refusal);
      if (key === '' || key === 'a/') continue;
      await expect(keysOf(store, key)).rejects.toEqual(refusal);
    }
  });

  test('takes keys at the limits and with uncommon characters', async () => {
    const store = await open();
    const good = [
      'a'.repeat(200),
      `${'a/'.repeat(15)}a`,
      'with space',
      'ä€😀',
      '...',
      '%2e%2e',
      '-',
    ];
    for (const key of good) {
      await store.put(key, text(key));
      expect(await readText(store, key)).toBe(key);
    }
    expect((await keysOf(store, '')).sort()).toEqual([...good].sort());
  });
}

function describeRest(open: Open): void {
  test('deletes, also what is not there', async () => {
    const store = await open();
    await store.put('d/a', text('x'));
    await store.put('d/b', text('y'));
    await store.delete('d/a');
    await store.delete('d/a');
    await store.delete('none/such');
    expect(await keysOf(store, '')).toEqual(['d/b']);
  });

  test('checks itself and leaves nothing behind', async () => {
    const store = await open();
    await store.check('some/where/check');
    expect(await keysOf(store, '')).toEqual([]);
  });

  test('takes many writers of one key and keeps one whole object', async () => {
    const store = await open();
    const rng = seededRng(3);
    const bodies = Array.from({ length: 8 }, (_, at) => new Uint8Array(50_000).fill(at));
    await Promise.all(
      bodies.map((body) =>
        store.put('d/key', chunksOf(body, 1000 + (rng.u32() % 5000)), { sizeBytes: body.length }),
      ),
    );
    const kept = await readObject(store, 'd/key');
    expect(bodies.some((body) => Buffer.compare(body, kept) === 0)).toBe(true);
    expect(await keysOf(store, '')).toEqual(['d/key']);
  });
}

function describeModel(open: Open): void {
  test('does what a map of keys to bytes does', async () => {
    const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
    const rng = seededRng(seed);
    const pick = (below: number) => rng.u32() % below;
    const names = ['a', 'b-c', 'd.e', 'é'];
    // Leaves have names of their own: no key is the directory of another one.
    const leaves = ['x', 'x-1', 'y'];
    const someKey = () => {
      const depth = pick(3);
      const parts = Array.from({ length: depth }, () => names[pick(names.length)]!);
      return [...parts, leaves[pick(leaves.length)]!].join('/');
    };
    const store = await open();
    const model = new Map<string, Uint8Array>();
    try {
      for (let step = 0; step < 150; step++) {
        const key = someKey();
        const known = model.get(key);
        if (pick(3) > 0) {
          const bytes = rng.bytes(pick(2000));
          await store.put(key, pick(2) === 0 ? bytes : chunksOf(bytes, 1 + pick(700)), {
            sizeBytes: bytes.length,
          });
          model.set(key, bytes);
        } else if (pick(2) === 0) {
          await store.delete(key);
          model.delete(key);
        } else if (known === undefined) {
          expect(await store.head(key)).toBeUndefined();
        } else if (known.length > 0) {
          const start = pick(known.length);
          const end = start + 1 + pick(known.length);
          const { body } = await store.get(key, { range: { start, end } });
          const chunks: Uint8Array[] = [];
          for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
          expect(Buffer.compare(Buffer.concat(chunks), known.subarray(start, end))).toBe(0);
        }
        if (step % 10 > 0) continue;
        const prefix = key.slice(0, pick(key.length + 1)).replace(/\/$/, '');
        const wanted = [...model.keys()].filter((other) => other.startsWith(prefix));
        wanted.sort((a, b) => Buffer.compare(text(a), text(b)));
        expect(await keysOf(store, prefix)).toEqual(wanted);
      }
    } catch (error) {
      throw new Error(`SEED=${String(seed)}`, { cause: error });
    }
  });
}

/** All keys below a prefix. */
export async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of store.list({ prefix })) keys.push(entry.key);
  return keys;
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

async function readText(store: ObjectStore, key: string): Promise<string> {
  return new TextDecoder().decode(await readObject(store, key));
}

async function bodyText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

async function* failingBody(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(50_000));
  throw new Error('the source failed');
}

/** Gives one chunk and then nothing more, for ever. */
async function* silentBody(onSilence: () => void): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(50);
  setImmediate(onSilence);
  await new Promise(() => undefined);
}
