import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../lib/objectstore/index.ts';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { blockKey, blocksPrefix } from './index.ts';
import { dayMs, filesOf, hourMs, settled, startMs, SyncBench } from './sync-bench-fixture.ts';

let bench: SyncBench;

beforeEach(async () => {
  bench = await SyncBench.open();
});

afterEach(async () => {
  await bench.close();
});

describe('uploading', () => {
  test('copies blocks at start, meta.json last, and says what they are', async () => {
    const block = await bench.addBlock(hourMs);
    bench.sync.start();
    await bench.sync.syncNow();
    expect(await keysOf(bench.store, blocksPrefix)).toEqual(filesOf(block));
    const puts = bench.store.calls
      .filter(({ operation }) => operation === 'put')
      .map(({ key }) => key);
    const order = ['chunks/000001', 'index', 'tombstones', 'meta.json'];
    expect(puts).toEqual(order.map((path) => blockKey(block.ulid, path)));
    expect(bench.sync.status()).toEqual({
      driver: 'local',
      remoteBlocks: 1,
      remoteBytes: expect.any(Number),
      pendingBlocks: 0,
      pendingBytes: 0,
      lagMs: null,
      lastSuccessMs: startMs,
      lastError: null,
    });
    expect(bench.sync.problems()).toEqual([]);
  });

  test('adds the section that Thanos asks for and our own, and changes nothing else', async () => {
    const block = await bench.addBlock(hourMs);
    bench.sync.start();
    await bench.sync.syncNow();
    const path = join(bench.root, 'files', blockKey(block.ulid, 'meta.json'));
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
    bench.sync.start();
    await bench.sync.syncNow();
    const first = await bench.addBlock(2 * hourMs);
    bench.sync.wake();
    await settled(() => bench.catalog.has(first.ulid));
    await bench.sync.syncNow();
    const second = await bench.addBlock(0);
    await bench.clock.advance(hourMs);
    await settled(() => bench.catalog.has(second.ulid));
  });

  test('uploads at stop', async () => {
    bench.sync.start();
    await bench.sync.syncNow();
    const block = await bench.addBlock(hourMs);
    await bench.sync.stop(1000);
    expect(await keysOf(bench.store, blocksPrefix)).toEqual(filesOf(block));
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'SYNC_STOPPED' });
  });

  test('repairs an upload that was interrupted at any file', async () => {
    for (const broken of ['chunks/000001', 'index', 'tombstones', 'meta.json']) {
      const block = await bench.addBlock(hourMs);
      const key = blockKey(block.ulid, broken);
      bench.store.fault = (call) =>
        call.operation === 'put' && call.key === key ? 'STORE_UNREACHABLE' : undefined;
      bench.renew('serverid');
      bench.sync.start();
      await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await bench.sync.stop(0);
      bench.store.fault = () => undefined;
      bench.renew('serverid');
      await bench.catalog.refresh();
      expect(bench.catalog.has(block.ulid)).toBe(false);
      bench.sync.start();
      await bench.sync.syncNow();
      expect(bench.catalog.has(block.ulid)).toBe(true);
      expect(await keysOf(bench.store, `${blocksPrefix}${block.ulid}/`)).toEqual(filesOf(block));
      await bench.sync.stop(1000);
    }
  });

  test('goes on with the first file that is not there whole', async () => {
    const block = await bench.addBlock(hourMs);
    const index = blockKey(block.ulid, 'index');
    bench.store.fault = (call) =>
      call.operation === 'put' && call.key === index ? 'STORE_UNREACHABLE' : undefined;
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    bench.store.fault = () => undefined;
    bench.store.calls.length = 0;
    await bench.sync.syncNow();
    const puts = bench.store.calls
      .filter(({ operation }) => operation === 'put')
      .map(({ key }) => key);
    const rest = ['index', 'tombstones', 'meta.json'];
    expect(puts).toEqual(rest.map((path) => blockKey(block.ulid, path)));
  });

  test('uploads again what somebody damaged before meta.json was there', async () => {
    const block = await bench.addBlock(hourMs);
    await bench.store.put(blockKey(block.ulid, 'meta.json'), new TextEncoder().encode('{"versi'));
    const own = await readFile(join(block.dir, 'index'));
    // Of the right size: that alone says nothing where nobody knows who wrote the rest.
    await bench.store.put(blockKey(block.ulid, 'index'), new Uint8Array(own.length));
    bench.sync.start();
    await bench.sync.syncNow();
    expect(bench.catalog.has(block.ulid)).toBe(true);
    const index = join(bench.root, 'files', blockKey(block.ulid, 'index'));
    expect(await readFile(index)).toEqual(own);
  });

  test('does not call a block uploaded that the store does not hold', async () => {
    const block = await bench.addBlock(hourMs);
    const lost = blockKey(block.ulid, 'index');
    const { head } = bench.store;
    bench.store.head = (key) =>
      key === lost ? Promise.resolve(undefined) : head.call(bench.store, key);
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'SYNC_VERIFY_FAILED' });
    expect(await bench.store.head(blockKey(block.ulid, 'meta.json'))).toBeUndefined();
    expect(bench.sync.status().pendingBlocks).toBe(1);
  });

  test('goes on with other blocks when one cannot be read', async () => {
    const bad = await bench.addBlock(4 * hourMs);
    const good = await bench.addBlock(hourMs);
    await rm(join(bad.dir, 'index'));
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'SYNC_LOCAL_BLOCK' });
    expect([bench.catalog.has(bad.ulid), bench.catalog.has(good.ulid)]).toEqual([false, true]);
    expect(bench.sync.problems()).toMatchObject([{ code: 'SYNC_FAILED', severity: 'warning' }]);
  });

  test('tells at once that a store lists but takes nothing, and looks again until it does', async () => {
    bench.store.fault = ({ operation }) => (operation === 'check' ? 'STORE_DENIED' : undefined);
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(bench.sync.problems()).toMatchObject([{ code: 'SYNC_FAILED' }]);
    bench.store.fault = () => undefined;
    await bench.sync.syncNow();
    expect(bench.sync.problems()).toEqual([]);
    const probes = () => bench.store.calls.filter(({ operation }) => operation === 'check').length;
    const before = probes();
    await bench.sync.syncNow();
    expect(probes()).toBe(before);
  });

  test('keeps the error, tries again with growing pauses, and is an error after a day', async () => {
    await bench.addBlock(hourMs);
    bench.store.fault = ({ operation }) => (operation === 'list' ? 'STORE_DENIED' : undefined);
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(bench.sync.status().lastError).toMatchObject({ code: 'STORE_DENIED' });
    const tries = () => bench.store.calls.filter(({ operation }) => operation === 'list').length;
    const before = tries();
    // It failed at start and when it was asked: the second pause has 20 s.
    await bench.clock.advance(19_000);
    expect(tries()).toBe(before);
    await bench.clock.advance(2_000);
    expect(tries()).toBeGreaterThan(before);
    bench.clock.stepWall(dayMs);
    expect(bench.sync.problems()).toMatchObject([{ severity: 'warning' }]);
    await bench.clock.advance(dayMs);
    expect(bench.sync.problems()).toMatchObject([{ code: 'SYNC_FAILED', severity: 'error' }]);
    bench.store.fault = () => undefined;
    await bench.sync.syncNow();
    expect([bench.sync.status().lastError, bench.sync.problems()]).toEqual([null, []]);
  });

  test('ends within its budget when a listing hangs, its own or that of somebody else', async () => {
    const release = Promise.withResolvers<undefined>();
    const began: (AbortSignal | undefined)[] = [];
    bench.store.list = async function* ({ signal }) {
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
      bench.renew('serverid');
      const look = isOthers ? bench.catalog.refresh() : undefined;
      bench.sync.start();
      await settled(() => began.length > 0);
      const stopping = bench.sync.stop(5_000);
      await bench.clock.advance(5_000);
      await stopping;
      if (isOthers) release.resolve(undefined);
      await look;
      expect(began.splice(0)).toHaveLength(1);
    }
  });

  test('ends within its budget when the store hangs', async () => {
    await bench.addBlock(hourMs);
    const { put } = bench.store;
    const began = Promise.withResolvers<undefined>();
    bench.store.put = (key, _body, options) =>
      put.call(bench.store, key, hanging(began.resolve), options);
    bench.sync.start();
    await began.promise;
    const stopping = bench.sync.stop(5_000);
    await bench.clock.advance(5_000);
    await stopping;
    expect(await keysOf(bench.store, '')).toEqual([]);
  });
});

describe('status', () => {
  test('tells the age and the bytes of what is on this disk alone', async () => {
    const shelfStats = bench.shelf.stats.bind(bench.shelf);
    const head = { headMinMs: startMs - 0.5 * hourMs, headMaxMs: startMs - 1000 };
    bench.shelf.stats = () => ({ ...shelfStats(), ...head });
    const block = await bench.addBlock(hourMs);
    bench.store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    const pendingBytes = block.sizeBytes;
    expect(bench.sync.status()).toMatchObject({
      lagMs: 3 * hourMs,
      pendingBlocks: 1,
      pendingBytes,
    });
    bench.store.fault = () => undefined;
    await bench.sync.syncNow();
    expect(bench.sync.status()).toMatchObject({
      lagMs: hourMs / 2,
      pendingBlocks: 0,
      pendingBytes: 0,
    });
    bench.savedUntilMs = startMs - 60_000;
    expect(bench.sync.status().lagMs).toBe(60_000);
    bench.savedUntilMs = startMs - 999;
    expect(bench.sync.status().lagMs).toBeNull();
  });
});

async function* hanging(onBegin: (value: undefined) => void): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  onBegin(undefined);
  await new Promise(() => undefined);
}
