import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inEnglish } from '../../api/index.ts';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { FaultyStore } from '../../lib/objectstore/faulty-store-fixture.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import { makeBlock, removeTree } from './block-fixture.ts';
import { BlockCatalog, blockKey } from './index.ts';

const paths = ['chunks/000001', 'index', 'tombstones', 'meta.json'];

let root: string;
let store: FaultyStore;
let catalog: BlockCatalog;
let block: BlockInfo;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'catalog-'));
  store = new FaultyStore(new LocalStore(join(root, 'files')));
  catalog = new BlockCatalog(store);
  block = await makeBlock({ parentDir: join(root, 'data'), mint: 0, maxt: 7_200_000 });
});

afterEach(async () => {
  await removeTree(root);
});

/** Copies a file of the block as it is, as the Go plugin did. */
async function put(path: string): Promise<void> {
  await store.put(blockKey(block.ulid, path), await readFile(join(block.dir, path)));
}

test('takes a block that the Go plugin uploaded', async () => {
  for (const path of paths) await put(path);
  await catalog.refresh();
  expect(catalog.blocks()).toMatchObject([
    {
      ulid: block.ulid,
      mint: 0,
      maxt: 7_200_000,
      numSamples: block.numSamples,
      sizeBytes: block.sizeBytes,
      labels: {},
    },
  ]);
});

test('reads each block once', async () => {
  for (const path of paths) await put(path);
  await catalog.refresh();
  await catalog.refresh();
  expect(store.calls.filter(({ operation }) => operation === 'get')).toHaveLength(1);
});

test('does not take for a block what is not whole, and tells why', async () => {
  const want = async (reason: string | undefined) => {
    await catalog.refresh();
    expect(catalog.has(block.ulid)).toBe(reason === undefined);
    const kind = reason === 'no meta.json' ? 'incomplete' : 'damaged';
    const wanted = reason === undefined ? [] : [{ ulid: block.ulid, kind, reason }];
    const told = catalog.partialBlocks().map((one) => ({ ...one, reason: inEnglish(one.reason) }));
    expect(told).toMatchObject(wanted);
  };
  await put('chunks/000001');
  await want('no meta.json');
  const meta = await readFile(join(block.dir, 'meta.json'));
  const putMeta = (bytes: Uint8Array) => store.put(blockKey(block.ulid, 'meta.json'), bytes);
  for (let end = 0; end < meta.length - 1; end += 7) {
    await putMeta(meta.subarray(0, end));
    await want('damaged meta.json');
  }
  const other = meta.toString().replace(block.ulid, `${block.ulid.slice(0, 25)}0`);
  await putMeta(Buffer.from(other));
  await want('damaged meta.json');
  await putMeta(new Uint8Array(2 * 1024 * 1024));
  await want('damaged meta.json');
  await putMeta(meta);
  await want('no index');
  await put('index');
  await store.delete(blockKey(block.ulid, 'chunks/000001'));
  await want('no chunks');
  await put('chunks/000001');
  await want(undefined);
});

test('does not take for a block one of which a file has another size than its upload noted', async () => {
  for (const path of paths) await put(path);
  const meta = JSON.parse(await readFile(join(block.dir, 'meta.json'), 'utf8')) as object;
  const index = await readFile(join(block.dir, 'index'));
  const noted = async (bytes: number) => {
    const thanos = { files: [{ rel_path: 'index', size_bytes: bytes }, { rel_path: 'meta.json' }] };
    const text = JSON.stringify({ ...meta, thanos });
    await store.put(blockKey(block.ulid, 'meta.json'), Buffer.from(text));
    await catalog.refresh();
    return catalog.partialBlocks().map(({ kind, reason }) => [kind, inEnglish(reason)]);
  };
  expect(await noted(index.length + 1)).toEqual([
    ['damaged', 'index has not the size that was uploaded'],
  ]);
  expect(catalog.has(block.ulid)).toBe(false);
  expect(await noted(index.length)).toEqual([]);
  expect(catalog.has(block.ulid)).toBe(true);
});

test('forgets blocks that are gone, and keeps all when the store does not answer', async () => {
  for (const path of paths) await put(path);
  await catalog.refresh();
  store.fault = () => 'STORE_UNREACHABLE';
  await expect(catalog.refresh()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(catalog.has(block.ulid)).toBe(true);
  store.fault = () => undefined;
  for (const path of paths) await store.delete(blockKey(block.ulid, path));
  await catalog.refresh();
  expect([catalog.blocks(), catalog.partialBlocks()]).toEqual([[], []]);
});

test('does not forget a block that was added while it looked', async () => {
  await put('chunks/000001');
  const { list } = store;
  let isFirst = true;
  store.list = async function* (options) {
    for await (const entry of list.call(store, options)) yield entry;
    if (options.delimiter !== undefined || !isFirst) return;
    // The listing of the block's files is through: now the upload is completed.
    isFirst = false;
    for (const path of paths) await put(path);
    await catalog.add(block.ulid);
  };
  await catalog.refresh();
  expect([catalog.has(block.ulid), catalog.partialBlocks()]).toEqual([true, []]);
});
