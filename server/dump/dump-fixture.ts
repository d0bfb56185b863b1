import { expect } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dump, Gap, KnownSentence, Target } from '../../api/index.ts';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { FaultyStore } from '../../lib/objectstore/faulty-store-fixture.ts';
import {
  FakeClock,
  seededRng,
  silentLogger,
  systemClock,
  type ThreadCall,
} from '../../lib/runtime/index.ts';
import {
  inlineThread,
  type BlockInfo,
  type SnapshotRequest,
  type StoreStats,
} from '../../lib/tsdb/index.ts';
import { BlockShelf, makeBlock, removeTree } from '../share/block-fixture.ts';
import { uploadBlock } from '../share/block-upload.ts';
import { archiveKey, BlockCatalog, type BlockArea } from '../share/index.ts';
import type { ArchiveDisk } from './archive/archive-room.ts';
import { DumpService, type DumpServiceOptions, type DumpThread, type KvStore } from './index.ts';
import type { LicenseFacts, MetricFacts, NodeFacts } from './ports.ts';
import type { Manifest } from './texts/manifest.ts';
import { createChoiceHandlers } from './choices/worker-handlers.ts';
import { createProbeHandlers } from './probe/worker-handlers.ts';
import { createDumpHandlers } from './packing/worker-handlers.ts';

export const startMs = Date.UTC(2026, 10, 20, 12);
export const hourMs = 3_600_000;

/** A range that begins and ends so many hours before the start. */
export function hours(from: number, to: number): { fromMs: number; toMs: number } {
  return { fromMs: startMs - from * hourMs, toMs: startMs - to * hourMs };
}

/** A key-value store as the server's: bytes compared exactly, pages ordered by key. */
export class MemoryKv implements KvStore {
  readonly values = new Map<string, Uint8Array>();
  writes = 0;
  isDown = false;

  async kvGet(key: string): Promise<Uint8Array | undefined> {
    await this.#answer();
    return this.values.get(key);
  }

  async kvCompareAndSet(
    key: string,
    oldValue: Uint8Array | undefined,
    newValue: Uint8Array,
  ): Promise<boolean> {
    await this.#answer();
    const stored = this.values.get(key);
    const isSame =
      oldValue === undefined || stored === undefined
        ? oldValue === stored
        : Buffer.compare(oldValue, stored) === 0;
    if (!isSame) return false;
    this.writes++;
    this.values.set(key, newValue.slice());
    return true;
  }

  async kvDelete(key: string): Promise<void> {
    await this.#answer();
    this.values.delete(key);
  }

  async kvList(page: number, perPage: number): Promise<string[]> {
    await this.#answer();
    return [...this.values.keys()].sort().slice(page * perPage, (page + 1) * perPage);
  }

  async #answer(): Promise<void> {
    await Promise.resolve();
    if (this.isDown) throw new Error('the database is away');
  }
}

/** Blocks on disk and a head that ends at the last sample. */
export class LocalStoreFake extends BlockShelf {
  head: { mint: number; maxt: number } | undefined;
  /** Called before a snapshot is taken. */
  onSnapshot: () => Promise<void> = () => Promise.resolve();
  /** Labels of series in the head: when each had its last sample. */
  headLabels: { name: string; value: string; lastMs: number }[] = [];
  #snapshots = 0;

  async snapshotHead(request: SnapshotRequest): Promise<BlockInfo | undefined> {
    await this.onSnapshot();
    if (this.head === undefined) return undefined;
    const { mint, maxt } = this.head;
    const to = Math.min(maxt + 1, request.maxt ?? Infinity);
    if (mint >= to) return undefined;
    const seed = 900 + this.#snapshots++;
    return await makeBlock({ parentDir: request.parentDir, mint, maxt: to, seed });
  }

  labelValues(asked: string, sinceMs: number): string[] {
    return this.headLabels
      .filter(({ lastMs, name }) => name === asked && lastMs >= sinceMs)
      .map(({ value }) => value);
  }

  override stats(): StoreStats {
    return {
      headSeries: 3,
      headSamples: 1000,
      headMinMs: this.head?.mint,
      headMaxMs: this.head?.maxt,
      blocks: this.blocks().length,
      sizeBytes: 0,
      walBytes: 0,
    };
  }
}

/** One node with everything that dumps need, over a directory of its own. */
export class DumpRig {
  readonly root: string;
  readonly clock: FakeClock;
  readonly store: FaultyStore;
  readonly kv: MemoryKv;
  readonly local = new LocalStoreFake();
  readonly catalog: BlockCatalog;
  /** What the file store has of heads, and what asking the collecting node for more comes to. */
  readonly heads: BlockCatalog;
  silence: KnownSentence | undefined;
  onFlush: () => Promise<void> = () => Promise.resolve();
  readonly changes: string[] = [];
  /** Called before each call into the worker. */
  onCall: (method: string) => Promise<void> = () => Promise.resolve();
  /** Called when the worker reports progress, and when it looks whether to go on. */
  onWorkerProgress: () => void = () => undefined;
  freeBytes: number | null = 100 * 1024 ** 3;
  /** What is free for archives; undefined where the file store is no disk. */
  archiveDisk: ArchiveDisk | undefined;
  license: LicenseFacts | null = null;
  nodes: NodeFacts[] = [];
  targets: Target[] = [];
  metadata: Record<string, MetricFacts[]> = {
    go_threads: [{ type: 'gauge', help: 'Threads.', unit: '' }],
  };
  /** Beside the one that every dump has. */
  moreGaps: Gap[] = [];
  retentionMs = 7 * 24 * hourMs;
  mayDelete = true;
  service: DumpService;
  openThreads = 0;
  readonly #node: string;
  #seed = 1;

  constructor(root: string, node = 'node-a', shared?: { kv: MemoryKv; clock: FakeClock }) {
    this.root = root;
    this.#node = node;
    this.clock = shared?.clock ?? new FakeClock(startMs);
    this.kv = shared?.kv ?? new MemoryKv();
    this.store = new FaultyStore(new LocalStore(join(root, 'files')));
    this.catalog = new BlockCatalog(this.store);
    this.heads = new BlockCatalog(this.store, 'head');
    this.service = new DumpService(this.options());
  }

  static async create(): Promise<DumpRig> {
    return new DumpRig(await mkdtemp(join(tmpdir(), 'dumps-')));
  }

  /** Stops the service, which leaves nothing behind: no thread, no timer, no temporary file. */
  async end(): Promise<void> {
    await this.service.stop();
    expect(this.openThreads).toBe(0);
    expect(this.clock.pendingTimers).toBe(0);
    expect(await readdir(join(this.dataDirectory, 'dump-work')).catch(() => [])).toEqual([]);
    await removeTree(this.root);
  }

  get dataDirectory(): string {
    return join(this.root, `data-${this.#node}`);
  }

  options(): DumpServiceOptions {
    return {
      clock: this.clock,
      logger: silentLogger,
      rng: seededRng(7 + this.#seed),
      kv: this.kv,
      store: this.store,
      catalog: this.catalog,
      heads: {
        flush: async () => {
          await this.onFlush();
          return this.silence;
        },
        refresh: () => this.heads.refresh(),
        blocks: () => this.heads.blocks(),
      },
      local: () => this.local,
      openThread: () => this.#openThread(),
      facts: {
        server: () =>
          Promise.resolve({
            serverVersion: '11.9.0',
            serverId: 'abcdefghijklmnopqrstuvwxyz',
            licenseId: '',
            customerId: '',
            license: this.license,
            serverName: 'chat.example.com',
          }),
        pluginVersion: '0.8.0',
        nodes: () => this.nodes,
        scrapeIntervalMs: () => 15_000,
        collected: ({ fromMs }) =>
          Promise.resolve({
            gaps: [
              {
                job: 'mattermost',
                instance: 'host-000000:8067',
                fromMs,
                toMs: fromMs + 60_000,
                reason: 'SCRAPE_REFUSED',
                message: 'connection refused',
                missedScrapes: 4,
              },
              ...this.moreGaps,
            ],
            targets: this.targets,
            metadata: this.metadata,
            warnings: [],
          }),
      },
      pluginId: 'com.mattermost.mattermost-plugin-metrics',
      node: this.#node,
      owner: this.#node,
      dataDirectory: this.dataDirectory,
      freeBytes: () => Promise.resolve(this.freeBytes),
      archiveDisk: () => Promise.resolve(this.archiveDisk ?? { freeBytes: null, isOfData: false }),
      retentionMs: () => this.retentionMs,
      mayDelete: () => this.mayDelete,
      onChange: ({ state, progress }) => {
        this.changes.push(`${state} ${progress.phase} ${String(progress.percent)}`);
      },
    };
  }

  /** A new process over the same disks. */
  restart(): void {
    this.service = new DumpService(this.options());
  }

  /** A local block `[fromHour, toHour)` counted back from the start. */
  async addBlock(fromHour: number, toHour: number): Promise<BlockInfo> {
    const block = await makeBlock({
      parentDir: this.dataDirectory,
      mint: startMs - fromHour * hourMs,
      maxt: startMs - toHour * hourMs,
      seed: this.#seed++,
    });
    this.local.add(block);
    return block;
  }

  /** Uploads a block of the shelf and takes it off the own disk. */
  async makeRemote(block: BlockInfo, area: BlockArea = 'data'): Promise<void> {
    const labels = { serverId: 'abcdefghijklmnopqrstuvwxyz', cluster: 'single', scraper: 'a' };
    const facts = { labels, epoch: 1, pluginVersion: '0.8.0', nowMs: startMs };
    const upload = { ulid: block.ulid, dir: block.dir, area };
    await uploadBlock(this.store, upload, facts, new AbortController().signal);
    await this.local.deleteBlock(block.ulid);
  }

  /** Unpacks a dump's archive with the system's tar. */
  async unpack(id: string): Promise<{ dir: string; names: string[]; manifest: Manifest }> {
    const dir = join(this.root, `unpacked-${id}`);
    await mkdir(dir);
    const path = join(this.root, 'files', archiveKey(id));
    const names = execFileSync('tar', ['tzf', path]).toString().trim().split('\n');
    execFileSync('tar', ['xzf', path, '-C', dir, '--warning=no-timestamp']);
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as Manifest;
    return { dir, names, manifest };
  }

  /** Waits for a job's end without a clock. */
  async finished(id: string): Promise<Dump> {
    const deadlineMs = systemClock.monotonicMs() + 60_000;
    for (;;) {
      const dump = await this.service.get(id);
      if (dump.state !== 'queued' && dump.state !== 'running') return dump;
      if (systemClock.monotonicMs() > deadlineMs) throw new Error(`the job is still ${dump.state}`);
      await oneTurn();
    }
  }

  /** The worker looks at it between two series. */
  #watched(signal: AbortSignal): AbortSignal {
    const onLook = () => {
      this.onWorkerProgress();
    };
    return {
      get aborted() {
        onLook();
        return signal.aborted;
      },
    } as AbortSignal;
  }

  #openThread(): DumpThread {
    const thread = inlineThread({
      ...createDumpHandlers(seededRng(99 + this.#seed)),
      ...createProbeHandlers(this.clock),
      ...createChoiceHandlers(this.clock),
    });
    this.openThreads++;
    return {
      call: async (method: string, payload: unknown, options: ThreadCall = {}) => {
        await this.onCall(method);
        return await thread.call(method, payload, {
          ...options,
          ...(options.signal === undefined ? {} : { signal: this.#watched(options.signal) }),
          onProgress: (progress) => {
            this.onWorkerProgress();
            options.onProgress?.(progress);
          },
        });
      },
      stop: () => {
        this.openThreads--;
        return Promise.resolve();
      },
    };
  }
}

/** Lets other work go on for a turn of the event loop. */
export function oneTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Whether a program is there; with `CI=true` it must be. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'pipe' });
    return true;
  } catch {
    if (process.env['CI'] === 'true') throw new Error(`${name} is missing`);
    return false;
  }
}
