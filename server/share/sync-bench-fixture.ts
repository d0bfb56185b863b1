import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { FaultyStore } from '../../lib/objectstore/faulty-store-fixture.ts';
import { FakeClock, silentLogger, systemClock } from '../../lib/runtime/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import { BlockShelf, makeBlock, removeTree } from './block-fixture.ts';
import { BlockCatalog, blockKey, BlockSync, type BlockSyncOptions } from './index.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const gib = 1024 ** 3;
/** When every test begins, by the clock of the bench. */
export const startMs = Date.UTC(2026, 10, 20, 12);

/** A sync over a local shelf of blocks and a file store that can be told to fail. */
export class SyncBench {
  readonly root: string;
  readonly clock = new FakeClock(startMs);
  readonly store: FaultyStore;
  shelf = new BlockShelf();
  catalog: BlockCatalog;
  sync: BlockSync;
  freeBytes = 100 * gib;
  savedUntilMs: number | undefined;
  mayDelete: () => boolean = () => true;
  /** Codes of what was logged as a warning. */
  readonly logged: unknown[] = [];
  /** Blocks that a full disk has cost. */
  readonly lost: BlockInfo[] = [];
  readonly settings: ReturnType<BlockSyncOptions['settings']> = {
    retentionMs: 15 * dayMs,
    localSizeLimitBytes: 0,
    syncPeriodMs: hourMs,
    cleanupPeriodMs: 2 * hourMs,
  };
  #seed = 0;

  private constructor(root: string) {
    this.root = root;
    this.store = new FaultyStore(new LocalStore(join(root, 'files')));
    this.catalog = new BlockCatalog(this.store);
    this.sync = this.#newSync('serverid');
  }

  static async open(): Promise<SyncBench> {
    return new SyncBench(await mkdtemp(join(tmpdir(), 'sync-')));
  }

  async close(): Promise<void> {
    await this.sync.stop(1000);
    await removeTree(this.root);
    if (this.clock.pendingTimers > 0) throw new Error('a timer was left behind');
  }

  /** A new process over the same disks. */
  renew(serverId: string): void {
    this.catalog = new BlockCatalog(this.store);
    this.sync = this.#newSync(serverId);
  }

  /** A local block that ended `ageMs` ago. */
  async addBlock(ageMs: number): Promise<BlockInfo> {
    const maxt = startMs - ageMs;
    const parentDir = join(this.root, 'data');
    const span = { mint: maxt - 2 * hourMs, maxt };
    const block = await makeBlock({ parentDir, ...span, seed: this.nextSeed() });
    this.shelf.add(block);
    return block;
  }

  /** Makes the ULIDs of one test differ. */
  nextSeed(): number {
    return ++this.#seed;
  }

  #newSync(serverId: string): BlockSync {
    return new BlockSync({
      clock: this.clock,
      logger: { ...silentLogger, warn: (_message, fields) => this.logged.push(fields?.['code']) },
      store: this.store,
      catalog: this.catalog,
      mayDelete: () => this.mayDelete(),
      savedUntilMs: () => this.savedUntilMs,
      local: this.shelf,
      driver: 'local',
      settings: () => this.settings,
      labels: () => ({ serverId, cluster: 'single', scraper: 'host-a' }),
      epoch: () => 3,
      pluginVersion: '0.8.0',
      freeBytes: () => Promise.resolve(this.freeBytes),
      onLost: (blocks) => this.lost.push(...blocks),
    });
  }
}

/** The keys of a test block in the file store. */
export function filesOf({ ulid }: { ulid: string }): string[] {
  const paths = ['chunks/000001', 'index', 'meta.json', 'tombstones'];
  return paths.map((path) => blockKey(ulid, path));
}

/** Waits, without a clock, until the file operations of a pass are through. */
export async function settled(isDone: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 60_000;
  while (!isDone()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error('it does not settle');
    await new Promise(setImmediate);
  }
}
