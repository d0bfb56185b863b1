import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore, StoreError } from '../../lib/objectstore/index.ts';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { FaultyStore } from '../../lib/objectstore/faulty-store-fixture.ts';
import { FakeClock, seededRng, silentLogger, systemClock } from '../../lib/runtime/index.ts';
import { mergeBlocks, newUlid, type BlockInfo } from '../../lib/tsdb/index.ts';
import type { Settings } from '../settings/index.ts';
import { blockInfo, BlockShelf, makeBlock, removeTree } from './block-fixture.ts';
import { BlockCatalog, blockKey, blocksPrefix, BlockSync } from './index.ts';

// Files are flushed for real: on a busy machine that takes its time.
jest.setTimeout(20_000);

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const startMs = Date.UTC(2026, 10, 20, 12);
const gib = 1024 ** 3;

let root: string;
let clock: FakeClock;
let store: FaultyStore;
let catalog: BlockCatalog;
let shelf: BlockShelf;
let sync: BlockSync;
let freeBytes: number;
let mayDelete: () => boolean;
let logged: unknown[];
let savedUntilMs: number | undefined;
let settings: Pick<
  Settings,
  'retentionMs' | 'localSizeLimitBytes' | 'syncPeriodMs' | 'cleanupPeriodMs'
>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sync-'));
  clock = new FakeClock(startMs);
  store = new FaultyStore(new LocalStore(join(root, 'files')));
  shelf = new BlockShelf();
  freeBytes = 100 * gib;
  mayDelete = () => true;
  logged = [];
  savedUntilMs = undefined;
  settings = {
    retentionMs: 15 * dayMs,
    localSizeLimitBytes: 0,
    syncPeriodMs: hourMs,
    cleanupPeriodMs: 2 * hourMs,
  };
  renew('serverid');
});

afterEach(async () => {
  await sync.stop(1000);
  expect(clock.pendingTimers).toBe(0);
  await removeTree(root);
});

/** A new process over the same disks. */
function renew(serverId: string): void {
  catalog = new BlockCatalog(store);
  sync = new BlockSync({
    clock,
    logger: { ...silentLogger, warn: (_message, fields) => logged.push(fields?.['code']) },
    store,
    catalog,
    mayDelete: () => mayDelete(),
    savedUntilMs: () => savedUntilMs,
    local: shelf,
    driver: 'local',
    settings: () => settings,
    labels: () => ({ serverId, cluster: 'single', scraper: 'host-a' }),
    epoch: () => 3,
    pluginVersion: '0.8.0',
    freeBytes: () => Promise.resolve(freeBytes),
  });
}

let seed = 0;

/** A local block that ended `ageMs` ago. */
async function addBlock(ageMs: number): Promise<BlockInfo> {
  const maxt = startMs - ageMs;
  const parentDir = join(root, 'data');
  const block = await makeBlock({ parentDir, mint: maxt - 2 * hourMs, maxt, seed: ++seed });
  shelf.add(block);
  return block;
}

const filesOf = ({ ulid }: { ulid: string }) =>
  ['chunks/000001', 'index', 'meta.json', 'tombstones'].map((path) => blockKey(ulid, path));

describe('uploading', () => {
  test('copies blocks at start, meta.json last, and says what they are', async () => {
    const block = await addBlock(hourMs);
    sync.start();
    await sync.syncNow();
    expect(await keysOf(store, blocksPrefix)).toEqual(filesOf(block));
    const puts = store.calls.filter(({ operation }) => operation === 'put').map(({ key }) => key);
    const order = ['chunks/000001', 'index', 'tombstones', 'meta.json'];
    expect(puts).toEqual(order.map((path) => blockKey(block.ulid, path)));
    expect(sync.status()).toEqual({
      driver: 'local',
      remoteBlocks: 1,
      remoteBytes: expect.any(Number),
      pendingBlocks: 0,
      pendingBytes: 0,
      lagMs: null,
      lastSuccessMs: startMs,
      lastError: null,
    });
    expect(sync.problems()).toEqual([]);
  });

  test('adds the section that Thanos asks for and our own, and changes nothing else', async () => {
    const block = await addBlock(hourMs);
    sync.start();
    await sync.syncNow();
    const path = join(root, 'files', blockKey(block.ulid, 'meta.json'));
    const uploaded = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    const { thanos, mattermost, ...rest } = uploaded;
    expect(rest).toEqual(JSON.parse(await readFile(join(block.dir, 'meta.json'), 'utf8')));
    expect(thanos).toEqual({
      version: 1,
      labels: { mattermost_server_id: 'serverid', mattermost_cluster: 'single', scraper: 'host-a' },
      downsample: { resolution: 0 },
      source: 'sidecar',
      segment_files: ['000001'],
      files: [
        { rel_path: 'chunks/000001', size_bytes: expect.any(Number) },
        { rel_path: 'index', size_bytes: expect.any(Number) },
        { rel_path: 'meta.json' },
        { rel_path: 'tombstones', size_bytes: 9 },
      ],
      index_stats: {},
      upload_time: '2026-11-20T12:00:00.000Z',
    });
    expect(mattermost).toEqual({
      server_id: 'serverid',
      cluster: 'single',
      scraper: 'host-a',
      epoch: 3,
      plugin_version: '0.8.0',
    });
  });

  test('uploads a block that was cut as soon as it is woken, and each period', async () => {
    sync.start();
    await sync.syncNow();
    const first = await addBlock(2 * hourMs);
    sync.wake();
    await settled(() => catalog.has(first.ulid));
    await sync.syncNow();
    const second = await addBlock(0);
    await clock.advance(hourMs);
    await settled(() => catalog.has(second.ulid));
  });

  test('uploads at stop', async () => {
    sync.start();
    await sync.syncNow();
    const block = await addBlock(hourMs);
    await sync.stop(1000);
    expect(await keysOf(store, blocksPrefix)).toEqual(filesOf(block));
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'SYNC_STOPPED' });
  });

  test('repairs an upload that was interrupted at any file', async () => {
    for (const broken of ['chunks/000001', 'index', 'tombstones', 'meta.json']) {
      const block = await addBlock(hourMs);
      const key = blockKey(block.ulid, broken);
      store.fault = (call) =>
        call.operation === 'put' && call.key === key ? 'STORE_UNREACHABLE' : undefined;
      renew('serverid');
      sync.start();
      await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await sync.stop(0);
      store.fault = () => undefined;
      renew('serverid');
      await catalog.refresh();
      expect(catalog.has(block.ulid)).toBe(false);
      sync.start();
      await sync.syncNow();
      expect(catalog.has(block.ulid)).toBe(true);
      expect(await keysOf(store, `${blocksPrefix}${block.ulid}/`)).toEqual(filesOf(block));
      await sync.stop(1000);
    }
  });

  test('goes on with the first file that is not there whole', async () => {
    const block = await addBlock(hourMs);
    const index = blockKey(block.ulid, 'index');
    store.fault = (call) =>
      call.operation === 'put' && call.key === index ? 'STORE_UNREACHABLE' : undefined;
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    store.fault = () => undefined;
    store.calls.length = 0;
    await sync.syncNow();
    const puts = store.calls.filter(({ operation }) => operation === 'put').map(({ key }) => key);
    const rest = ['index', 'tombstones', 'meta.json'];
    expect(puts).toEqual(rest.map((path) => blockKey(block.ulid, path)));
  });

  test('uploads again what somebody damaged before meta.json was there', async () => {
    const block = await addBlock(hourMs);
    await store.put(blockKey(block.ulid, 'meta.json'), new TextEncoder().encode('{"versi'));
    await store.put(blockKey(block.ulid, 'index'), new Uint8Array(3));
    sync.start();
    await sync.syncNow();
    expect(catalog.has(block.ulid)).toBe(true);
    const index = join(root, 'files', blockKey(block.ulid, 'index'));
    expect(await readFile(index)).toEqual(await readFile(join(block.dir, 'index')));
  });

  test('does not call a block uploaded that the store does not hold', async () => {
    const block = await addBlock(hourMs);
    const lost = blockKey(block.ulid, 'index');
    const { head } = store;
    store.head = (key) => (key === lost ? Promise.resolve(undefined) : head.call(store, key));
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'SYNC_VERIFY_FAILED' });
    expect(await store.head(blockKey(block.ulid, 'meta.json'))).toBeUndefined();
    expect(sync.status().pendingBlocks).toBe(1);
  });

  test('goes on with other blocks when one cannot be read', async () => {
    const bad = await addBlock(4 * hourMs);
    const good = await addBlock(hourMs);
    await rm(join(bad.dir, 'index'));
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'SYNC_LOCAL_BLOCK' });
    expect([catalog.has(bad.ulid), catalog.has(good.ulid)]).toEqual([false, true]);
    expect(sync.problems()).toMatchObject([{ code: 'SYNC_FAILED', severity: 'warning' }]);
  });

  test('tells at once that a store lists but takes nothing, and looks again until it does', async () => {
    store.fault = ({ operation }) => (operation === 'check' ? 'STORE_DENIED' : undefined);
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(sync.problems()).toMatchObject([{ code: 'SYNC_FAILED' }]);
    store.fault = () => undefined;
    await sync.syncNow();
    expect(sync.problems()).toEqual([]);
    const probes = () => store.calls.filter(({ operation }) => operation === 'check').length;
    const before = probes();
    await sync.syncNow();
    expect(probes()).toBe(before);
  });

  test('keeps the error, tries again with growing pauses, and is an error after a day', async () => {
    await addBlock(hourMs);
    store.fault = ({ operation }) => (operation === 'list' ? 'STORE_DENIED' : undefined);
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(sync.status().lastError).toMatchObject({ code: 'STORE_DENIED' });
    const tries = () => store.calls.filter(({ operation }) => operation === 'list').length;
    const before = tries();
    // It failed at start and when it was asked: the second pause has 20 s.
    await clock.advance(19_000);
    expect(tries()).toBe(before);
    await clock.advance(2_000);
    expect(tries()).toBeGreaterThan(before);
    clock.stepWall(dayMs);
    expect(sync.problems()).toMatchObject([{ severity: 'warning' }]);
    await clock.advance(dayMs);
    expect(sync.problems()).toMatchObject([{ code: 'SYNC_FAILED', severity: 'error' }]);
    store.fault = () => undefined;
    await sync.syncNow();
    expect([sync.status().lastError, sync.problems()]).toEqual([null, []]);
  });

  test('ends within its budget when a listing hangs, its own or that of somebody else', async () => {
    const release = Promise.withResolvers<undefined>();
    const began: (AbortSignal | undefined)[] = [];
    store.list = async function* ({ signal }) {
      began.push(signal);
      const aborted = new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          reject(new StoreError('STORE_ABORTED', 'given up by the caller', ''));
        });
      });
      await Promise.race([aborted, release.promise]);
      yield* [];
    };
    for (const isOthers of [false, true]) {
      renew('serverid');
      const look = isOthers ? catalog.refresh() : undefined;
      sync.start();
      await settled(() => began.length > 0);
      const stopping = sync.stop(5_000);
      await clock.advance(5_000);
      await stopping;
      if (isOthers) release.resolve(undefined);
      await look;
      expect(began.splice(0)).toHaveLength(1);
    }
  });

  test('ends within its budget when the store hangs', async () => {
    await addBlock(hourMs);
    const { put } = store;
    const began = Promise.withResolvers<undefined>();
    store.put = (key, _body, options) => put.call(store, key, hanging(began.resolve), options);
    sync.start();
    await began.promise;
    const stopping = sync.stop(5_000);
    await clock.advance(5_000);
    await stopping;
    expect(await keysOf(store, '')).toEqual([]);
  });
});

describe('status', () => {
  test('tells the age and the bytes of what is on this disk alone', async () => {
    const shelfStats = shelf.stats.bind(shelf);
    const head = { headMinMs: startMs - 0.5 * hourMs, headMaxMs: startMs - 1000 };
    shelf.stats = () => ({ ...shelfStats(), ...head });
    const block = await addBlock(hourMs);
    store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    const pendingBytes = block.sizeBytes;
    expect(sync.status()).toMatchObject({ lagMs: 3 * hourMs, pendingBlocks: 1, pendingBytes });
    store.fault = () => undefined;
    await sync.syncNow();
    expect(sync.status()).toMatchObject({ lagMs: hourMs / 2, pendingBlocks: 0, pendingBytes: 0 });
    savedUntilMs = startMs - 60_000;
    expect(sync.status().lagMs).toBe(60_000);
    savedUntilMs = startMs - 999;
    expect(sync.status().lagMs).toBeNull();
  });
});

describe('merged blocks', () => {
  /** Puts one block in the place of all others, as the local store does. */
  async function mergeShelf(): Promise<BlockInfo> {
    const parts = [...shelf.blocks()];
    const ulid = newUlid(startMs, seededRng(++seed));
    const dirs = parts.map(({ dir }) => dir);
    const payload = { dirs, parentDir: join(root, 'data'), ulid };
    const merged = mergeBlocks(payload, { checkCancelled: () => undefined })!;
    shelf.add(await blockInfo(merged.dir));
    for (const part of parts) await shelf.deleteBlock(part.ulid);
    return shelf.blocks()[0]!;
  }

  async function remoteUlids(): Promise<string[]> {
    await catalog.refresh();
    return catalog.blocks().map(({ ulid }) => ulid);
  }

  test('are not copied when what they were made of is in the file store', async () => {
    for (const age of [8, 6, 4]) await addBlock(age * hourMs);
    sync.start();
    await sync.syncNow();
    const before = await remoteUlids();
    const merged = await mergeShelf();
    expect([catalog.has(merged.ulid), catalog.holds(merged)]).toEqual([false, true]);
    await sync.syncNow();
    expect(await remoteUlids()).toEqual(before);
    expect(sync.status()).toMatchObject({ remoteBlocks: 3, pendingBlocks: 0 });
  });

  test('leave as others do: after three days, or when the disk is short', async () => {
    for (const age of [90, 88, 86]) await addBlock(age * hourMs);
    sync.start();
    settings.cleanupPeriodMs = dayMs;
    store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    const merged = await mergeShelf();
    await addBlock(hourMs);
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(shelf.blocks()[0]).toEqual(merged);
    store.fault = () => undefined;
    await sync.syncNow();
    expect(catalog.blocks()[0]).toMatchObject({ ulid: merged.ulid, sources: merged.sources });
    expect(shelf.blocks()).toHaveLength(1);
  });

  test('are copied when the file store has lost a source, unless retention took it', async () => {
    for (const age of [8, 6, 4]) await addBlock(age * hourMs);
    const [first, second] = shelf.blocks();
    sync.start();
    await sync.syncNow();
    const merged = await mergeShelf();
    for (const key of filesOf(first!)) await store.delete(key);
    settings.retentionMs = 5 * hourMs;
    await sync.syncNow();
    expect(catalog.has(merged.ulid)).toBe(false);
    settings.retentionMs = 15 * dayMs;
    await sync.syncNow();
    expect(catalog.has(merged.ulid)).toBe(true);
    expect(catalog.holds(second!)).toBe(true);
  });
});

describe('retention', () => {
  test('deletes old remote blocks, meta.json first', async () => {
    const old = await addBlock(16 * dayMs);
    const fresh = await addBlock(hourMs);
    settings.retentionMs = 20 * dayMs;
    sync.start();
    await sync.syncNow();
    expect(catalog.blocks()).toHaveLength(2);
    settings.retentionMs = 15 * dayMs;
    await clock.advance(2 * hourMs);
    await sync.syncNow();
    expect(await keysOf(store, blocksPrefix)).toEqual(filesOf(fresh));
    const deletes = store.calls.filter(({ operation }) => operation === 'delete');
    expect(deletes[0]?.key).toBe(blockKey(old.ulid, 'meta.json'));
  });

  test('deletes nothing because the clock jumped or collecting stood still', async () => {
    const block = await addBlock(hourMs);
    sync.start();
    await sync.syncNow();
    clock.stepWall(400 * dayMs);
    await clock.advance(3 * hourMs);
    await sync.syncNow();
    expect(catalog.has(block.ulid)).toBe(true);
    expect(shelf.blocks()).toHaveLength(1);
  });

  test('never deletes blocks of another server, and says that they are there', async () => {
    await addBlock(16 * dayMs);
    settings.retentionMs = 20 * dayMs;
    sync.start();
    await sync.syncNow();
    await sync.stop(1000);
    settings.retentionMs = dayMs;
    shelf = new BlockShelf();
    await addBlock(hourMs);
    renew('otherserver');
    sync.start();
    await sync.syncNow();
    expect(catalog.blocks()).toHaveLength(2);
    expect(sync.problems()).toMatchObject([{ code: 'SYNC_FOREIGN_BLOCKS' }]);
  });

  test('deletes half blocks of others after two days, and nothing that is not a block', async () => {
    const put = (key: string) => store.put(key, new Uint8Array(5));
    const parentDir = join(root, 'elsewhere');
    const maxt = startMs;
    const old = await makeBlock({
      parentDir,
      mint: maxt - hourMs,
      maxt,
      ulidMs: startMs - 49 * hourMs,
    });
    const young = await makeBlock({
      parentDir,
      mint: maxt - hourMs,
      maxt,
      ulidMs: startMs - 47 * hourMs,
    });
    const returning = await makeBlock({
      ...{ parentDir, mint: maxt - hourMs, maxt, seed: 2 },
      ulidMs: startMs - 49 * hourMs,
    });
    for (const [block, writtenMs] of [
      [old, startMs - 49 * hourMs],
      [young, startMs - 49 * hourMs],
      // An old block on its way from a node that was away for days.
      [returning, startMs - hourMs],
    ] as const) {
      const key = blockKey(block.ulid, 'chunks/000001');
      await put(key);
      await utimes(join(root, 'files', key), writtenMs / 1000, writtenMs / 1000);
    }
    await put(`${blocksPrefix}notes/keep.txt`);
    await put(`${blocksPrefix}${old.ulid.slice(0, 25)}/keep.txt`);
    sync.start();
    await sync.syncNow();
    expect(await keysOf(store, '')).toEqual(
      [
        `${blocksPrefix}${old.ulid.slice(0, 25)}/keep.txt`,
        blockKey(young.ulid, 'chunks/000001'),
        blockKey(returning.ulid, 'chunks/000001'),
        `${blocksPrefix}notes/keep.txt`,
      ].sort(),
    );
  });

  test('never deletes damaged blocks of others, and says that they are there', async () => {
    const parentDir = join(root, 'elsewhere');
    const ulidMs = startMs - 100 * hourMs;
    const block = await makeBlock({ parentDir, mint: ulidMs - hourMs, maxt: ulidMs, ulidMs });
    for (const path of ['index', 'meta.json']) {
      const key = blockKey(block.ulid, path);
      await store.put(key, new TextEncoder().encode('{"version":'));
      await utimes(join(root, 'files', key), ulidMs / 1000, ulidMs / 1000);
    }
    sync.start();
    await sync.syncNow();
    expect(await keysOf(store, blocksPrefix)).toHaveLength(2);
    expect(sync.problems()).toMatchObject([{ code: 'SYNC_DAMAGED_BLOCKS', severity: 'warning' }]);
    expect(sync.problems()[0]?.message).toContain(`${block.ulid} (damaged meta.json)`);
    expect(logged.filter((code) => code === 'SYNC_DAMAGED_BLOCKS')).toHaveLength(1);
    await sync.syncNow();
    expect(logged.filter((code) => code === 'SYNC_DAMAGED_BLOCKS')).toHaveLength(1);
  });

  test('deletes nothing in the file store while it may not, and uploads all the same', async () => {
    const old = await addBlock(16 * dayMs);
    settings.retentionMs = 20 * dayMs;
    mayDelete = () => false;
    sync.start();
    await sync.syncNow();
    const fresh = await addBlock(hourMs);
    settings.retentionMs = 15 * dayMs;
    await sync.stop(1000);
    renew('serverid');
    sync.start();
    await sync.syncNow();
    expect([catalog.has(old.ulid), catalog.has(fresh.ulid)]).toEqual([true, true]);
    expect(sync.problems()).toEqual([]);
    // The probe is its own.
    const deletes = store.calls.filter(({ operation, key }) => {
      return operation === 'delete' && key.startsWith(blocksPrefix);
    });
    expect(deletes).toEqual([]);
  });

  test('asks before every deletion, and the next one that may goes on', async () => {
    for (const age of [18, 17]) await addBlock(age * dayMs);
    settings.retentionMs = 20 * dayMs;
    sync.start();
    await sync.syncNow();
    await addBlock(hourMs);
    settings.retentionMs = 15 * dayMs;
    const deletions = () => store.calls.filter(({ operation }) => operation === 'delete').length;
    const before = deletions();
    // To begin with, and for the first two requests.
    let asked = 0;
    mayDelete = () => ++asked <= 3;
    await clock.advance(3 * hourMs);
    await sync.syncNow();
    expect(deletions() - before).toBe(2);
    expect(sync.status().lastError).toBeNull();
    expect(catalog.blocks()).toHaveLength(2);
    mayDelete = () => true;
    await clock.advance(3 * hourMs);
    await sync.syncNow();
    expect(catalog.blocks()).toHaveLength(1);
  });

  test('deletes local blocks only three days after they are remote', async () => {
    const old = await addBlock(4 * dayMs);
    const fresh = await addBlock(dayMs);
    store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(shelf.blocks()).toHaveLength(2);
    store.fault = () => undefined;
    await sync.syncNow();
    expect(shelf.blocks().map(({ ulid }) => ulid)).toEqual([fresh.ulid]);
    expect(catalog.has(old.ulid)).toBe(true);
  });

  test('keeps local blocks past their age while the file store is out of reach', async () => {
    const expired = await addBlock(16 * dayMs);
    const copied = await addBlock(5 * dayMs);
    await addBlock(hourMs);
    settings.retentionMs = 20 * dayMs;
    store.fault = ({ operation, key }) =>
      operation === 'put' && key.includes(expired.ulid) ? 'STORE_FULL' : undefined;
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    settings.retentionMs = 15 * dayMs;
    store.fault = () => 'STORE_UNREACHABLE';
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(shelf.blocks().map(({ ulid }) => ulid)).toContain(expired.ulid);
    store.fault = () => undefined;
    await sync.syncNow();
    const left = shelf.blocks().map(({ ulid }) => ulid);
    expect([left.includes(expired.ulid), left.includes(copied.ulid), left.length]).toEqual([
      ...[false, false, 1],
    ]);
    expect(catalog.has(expired.ulid)).toBe(false);
  });

  test('keeps the data directory below its limit by blocks that are remote, and no others', async () => {
    for (const age of [8, 6, 4]) await addBlock(age * hourMs);
    const [, , newest] = shelf.blocks();
    sync.start();
    await sync.syncNow();
    expect(shelf.blocks()).toHaveLength(3);
    settings.localSizeLimitBytes = 2 * newest!.sizeBytes - 1;
    await sync.syncNow();
    expect(shelf.blocks()).toEqual([newest]);
    expect(sync.problems()).toEqual([]);
    store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    const unsynced = await addBlock(hourMs);
    settings.localSizeLimitBytes = 1;
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(shelf.blocks()).toEqual([unsynced]);
    expect(sync.problems().map(({ code }) => code)).toContain('SYNC_LOCAL_OVERSIZE');
    settings.localSizeLimitBytes = 0;
    store.fault = () => undefined;
    await sync.syncNow();
    expect(sync.problems()).toEqual([]);
  });

  test('frees a short disk by blocks that are remote, and no others', async () => {
    await addBlock(6 * hourMs);
    await addBlock(4 * hourMs);
    sync.start();
    await sync.syncNow();
    const unsynced = await addBlock(hourMs);
    freeBytes = 0.5 * gib;
    expect(await sync.relieveDisk()).toBe(2);
    expect(shelf.blocks()).toEqual([unsynced]);
    expect(sync.problems()).toMatchObject([{ code: 'SYNC_DISK_SHORT', severity: 'warning' }]);
  });

  test('gives up unsynced blocks only when nothing else is left, and says so', async () => {
    await addBlock(6 * hourMs);
    await addBlock(4 * hourMs);
    store.fault = () => 'STORE_UNREACHABLE';
    freeBytes = 0;
    const { deleteBlock } = shelf;
    shelf.deleteBlock = async (ulid) => {
      await deleteBlock.call(shelf, ulid);
      freeBytes += 0.2 * gib;
    };
    sync.start();
    await expect(sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(shelf.blocks()).toHaveLength(1);
    const codes = sync.problems().map(({ code, severity }) => [code, severity]);
    expect(codes).toContainEqual(['SYNC_BLOCKS_LOST', 'error']);
  });
});

test('leaves blocks in the file store that promtool reads', async () => {
  const version = () => execFileSync('promtool', ['--version'], { stdio: 'pipe' });
  try {
    version();
  } catch {
    if (process.env['CI'] === 'true') throw new Error('promtool is missing');
    return;
  }
  const block = await addBlock(hourMs);
  sync.start();
  await sync.syncNow();
  await sync.stop(1000);
  const dataDirectory = join(root, 'files', blocksPrefix);
  await writeFile(join(dataDirectory, 'notes.txt'), 'x');
  const listed = execFileSync('promtool', ['tsdb', 'list', dataDirectory]).toString();
  expect(listed).toContain(block.ulid);
  expect(listed).toContain(String(block.numSamples));
});

/** Waits, without a clock, until the file operations of a pass are through. */
async function settled(isDone: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 15_000;
  while (!isDone() && systemClock.monotonicMs() < deadlineMs) await new Promise(setImmediate);
  expect(isDone()).toBe(true);
}

async function* hanging(onBegin: (value: undefined) => void): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  onBegin(undefined);
  await new Promise(() => undefined);
}
