// What the suite of broken file stores stands on: blocks, proxies, and processes that upload.
import { expect } from '@jest/globals';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { readObject, type ObjectStore } from '../../lib/objectstore/index.ts';
import { FakeClock, silentLogger, systemClock, type Clock } from '../../lib/runtime/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import { BlockShelf, makeBlock, removeTree } from '../../server/share/block-fixture.ts';
import { BlockCatalog, blockKey, BlockSync } from '../../server/share/index.ts';
import { FaultProxy } from './fault-proxy.ts';
import type { OpenOptions, RemoteServer } from './objectstore-servers.ts';

export const hourMs = 3_600_000;
export const startMs = systemClock.nowMs();
export const blockPaths = ['chunks/000001', 'index', 'meta.json', 'tombstones'];

/** Pauses between tries take no time. */
const instantClock: Clock = {
  ...systemClock,
  setTimer: (_delayMs, run) => systemClock.setTimer(0, run),
};

/** Two blocks on the disk, and whatever the tests of them opened. */
export class FaultBed {
  readonly #proxies: FaultProxy[] = [];
  readonly #stores: { close(): Promise<void> }[] = [];
  #prefixes = 0;
  readonly root: string;
  readonly small: BlockInfo;
  /** Larger than one part of an upload. */
  readonly large: BlockInfo;

  private constructor(root: string, small: BlockInfo, large: BlockInfo) {
    this.root = root;
    this.small = small;
    this.large = large;
  }

  static async create(): Promise<FaultBed> {
    const root = await mkdtemp(join(tmpdir(), 'faults-'));
    const maxt = startMs - hourMs;
    const common = { parentDir: join(root, 'local'), mint: maxt - 2 * hourMs, maxt };
    const small = await makeBlock({ ...common, seed: 1 });
    const noise = { seriesCount: 100, stepMs: 1000, isNoisy: true };
    const large = await makeBlock({ ...common, ...noise, seed: 2 });
    expect(large.sizeBytes).toBeGreaterThan(5.5 * 1024 * 1024);
    return new FaultBed(root, small, large);
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
    for (const proxy of this.#proxies) await proxy.stop();
    await removeTree(this.root);
  }

  /** An empty place in the server, also when it outlives this run. */
  newPrefix(name: string): string {
    return `${name} ${String(startMs)} ${String(this.#prefixes++)}`;
  }

  async proxyBefore(
    server: RemoteServer,
    tls?: { key: Buffer; cert: Buffer },
  ): Promise<FaultProxy> {
    const proxy = await FaultProxy.start(server.endpoint, tls);
    this.#proxies.push(proxy);
    return proxy;
  }

  openStore(server: RemoteServer, prefix: string, options: OpenOptions = {}) {
    const surroundings = { clock: instantClock, ...options.surroundings };
    const store = server.open(prefix, { ...options, surroundings });
    this.#stores.push(store);
    return store;
  }
}

/** A process of the plugin over the same local disk. */
export class SyncProcess {
  readonly clock: FakeClock;
  readonly catalog: BlockCatalog;
  readonly sync: BlockSync;
  readonly logged: unknown[] = [];

  constructor(store: ObjectStore, blocks: readonly BlockInfo[], nowMs = startMs) {
    this.clock = new FakeClock(nowMs);
    this.catalog = new BlockCatalog(store);
    const local = new BlockShelf();
    local.add(...blocks);
    this.sync = new BlockSync({
      clock: this.clock,
      logger: { ...silentLogger, warn: (_message, fields) => this.logged.push(fields?.['code']) },
      store,
      catalog: this.catalog,
      local,
      driver: 'test',
      settings: () => ({
        retentionMs: 15 * 24 * hourMs,
        localSizeLimitBytes: 0,
        syncPeriodMs: hourMs,
        cleanupPeriodMs: hourMs,
      }),
      labels: () => ({ serverId: 'serverid', cluster: 'single', scraper: 'host-a' }),
      epoch: () => 1,
      pluginVersion: '0.8.0',
      freeBytes: () => Promise.resolve(null),
    });
  }

  /** One pass; resolves to its error. */
  async pass(): Promise<unknown> {
    this.sync.start();
    return await this.sync.syncNow().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  async end(): Promise<void> {
    const ended = this.sync.stop(0);
    await this.clock.advance(0);
    await ended;
  }
}

/** The file store holds this block, whole and byte by byte, once, and nothing beside it. */
export async function expectWhole(store: ObjectStore, block: BlockInfo): Promise<void> {
  expect(await keysOf(store, '')).toEqual(blockPaths.map((path) => blockKey(block.ulid, path)));
  for (const path of blockPaths.filter((one) => one !== 'meta.json')) {
    const bytes = await readObject(store, blockKey(block.ulid, path), { limitBytes: Infinity });
    expect(Buffer.compare(bytes, await readFile(join(block.dir, path)))).toBe(0);
  }
  const catalog = new BlockCatalog(store);
  await catalog.refresh();
  expect([catalog.has(block.ulid), catalog.partialBlocks()]).toEqual([true, []]);
}
