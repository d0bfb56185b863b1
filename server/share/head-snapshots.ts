import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import type { CallOptions, ObjectStore } from '../../lib/objectstore/index.ts';
import { codeOf, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { Settings } from '../settings/index.ts';
import { BlockCatalog, type RemoteBlock } from './block-catalog.ts';
import { scraperLabel, serverIdLabel, type BlockLabels } from './block-meta.ts';
import { removeRemoteBlock } from './block-removal.ts';
import { uploadBlock } from './block-upload.ts';
import { isCovered } from './coverage.ts';
import { ShareError, toSyncError, type SyncError } from './errors.ts';
import { maxFutureMs, minCoverageGapMs, snapshotTroubleMs } from './limits.ts';
import { expiredBlocks, isForeign, isOrphan, referenceMs } from './retention.ts';

/** What {@link HeadSnapshots} stands on. Functions are asked anew each time. */
export interface HeadSnapshotsOptions {
  clock: Clock;
  logger: Logger;
  store: ObjectStore;
  /** The finished blocks of the same file store. */
  blocks: BlockCatalog;
  labels: () => BlockLabels;
  epoch: () => number;
  pluginVersion: string;
  settings: () => Pick<Settings, 'retentionMs' | 'scrapeIntervalMs'>;
  /** As in `BlockSyncOptions`: asked right before each request that deletes. */
  mayDelete: () => boolean;
}

/**
 * Copies of what is not in a finished block yet, as blocks below a prefix of their own: readers of
 * blocks never see them. They cost at most the time between two of them when a node is lost for
 * ever, and leave when their samples are in blocks (docs/cluster.md, "Head snapshots").
 */
export class HeadSnapshots {
  readonly #options: HeadSnapshotsOptions;
  readonly #catalog: BlockCatalog;
  #lastError: SyncError | undefined;
  #failedMs = -Infinity;

  constructor(options: HeadSnapshotsOptions) {
    this.#options = options;
    this.#catalog = new BlockCatalog(options.store, 'head');
  }

  /**
   * Copies a snapshot of the head, made by `Store.snapshotHead`, to the file store; resolves when it is
   * whole there. One that failed is no harm: its range is in the next one.
   */
  async publish(
    snapshot: { ulid: string; dir: string },
    options: CallOptions = {},
  ): Promise<RemoteBlock> {
    const { clock, epoch, labels, pluginVersion, store } = this.#options;
    const { dir, ulid } = snapshot;
    const facts = { labels: labels(), epoch: epoch(), pluginVersion, nowMs: clock.nowMs() };
    try {
      await uploadBlock(store, { ulid, dir, area: 'head' }, facts, options.signal);
      const published = await this.#catalog.add(ulid, options);
      this.#noteSuccess();
      return published;
    } catch (error) {
      // Whoever gives up knows why.
      if (options.signal?.aborted !== true) this.#noteFailure(error);
      throw error;
    }
  }

  /** Looks at the file store and gives all whole snapshots, of every node, oldest first. */
  async list(options: CallOptions = {}): Promise<RemoteBlock[]> {
    await this.#catalog.refresh(options);
    return this.#catalog.blocks();
  }

  /** Snapshots as of the last look. */
  known(): RemoteBlock[] {
    return this.#catalog.blocks();
  }

  /**
   * Snapshots, as of the last look, with samples that are neither in finished blocks of the same
   * collector nor in `held`, what this node has of its own collecting. Looking twice at one sample
   * does no harm, so in doubt a snapshot is needed.
   */
  needed(held: readonly { mint: number; maxt: number }[]): RemoteBlock[] {
    const { blocks, labels, settings } = this.#options;
    const own = ownerOf(labels());
    const maxGapMs = Math.max(minCoverageGapMs, 2 * settings().scrapeIntervalMs);
    return this.#catalog.blocks().filter((snapshot) => {
      const owner = ownerOfBlock(snapshot);
      const finished = blocks.blocks().filter((block) => sameOwner(block, owner));
      const holding = sameOwner(snapshot, own) ? [...finished, ...held] : finished;
      return !isCovered(snapshot, holding, maxGapMs);
    });
  }

  /**
   * Up to when this node's samples are in the file store, in blocks or snapshots, as of the last look at
   * both: where the next snapshot begins. Undefined when it has none there.
   */
  savedUntilMs(): number | undefined {
    const { blocks, clock, labels } = this.#options;
    const own = ownerOf(labels());
    // One that ends later does not say the truth, and nothing may be left out because of it.
    const latestMs = clock.nowMs() + maxFutureMs;
    const ends = [...blocks.blocks(), ...this.#catalog.blocks()]
      .filter((block) => sameOwner(block, own) && block.maxt <= latestMs)
      .map(({ maxt }) => maxt);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /**
   * Looks at the file store and deletes what has served: snapshots whose samples are all in blocks
   * of the same collector, those past retention, and half ones that nobody completes. Returns how
   * many it deleted; none when this node may not, or loses the right on the way.
   */
  async prune(options: CallOptions = {}): Promise<number> {
    const { blocks, mayDelete } = this.#options;
    if (!mayDelete()) return 0;
    // In this order: a block that is whole when it is seen holds what a snapshot seen before held.
    await this.#catalog.refresh(options);
    await blocks.refresh(options);
    let deleted = 0;
    try {
      for (const ulid of this.#outdated()) {
        if (await this.#remove(ulid, options)) deleted++;
      }
    } catch (error) {
      if (codeOf(error) !== 'SYNC_NOT_ALLOWED') throw error;
    }
    return deleted;
  }

  problems(): Problem[] {
    const error = this.#lastError;
    const isPast = this.#options.clock.monotonicMs() - this.#failedMs > snapshotTroubleMs;
    if (error === undefined || isPast) return [];
    return [
      makeProblem({
        code: 'SYNC_SNAPSHOT_FAILED',
        severity: 'warning',
        message: say('sync.snapshot', { code: error.code }),
        advice: error.sentence,
        link: consolePages.fileStorage,
      }),
    ];
  }

  #outdated(): string[] {
    const { blocks, clock, labels, settings } = this.#options;
    const { retentionMs, scrapeIntervalMs } = settings();
    const { serverId } = labels();
    const snapshots = this.#catalog.blocks();
    const finished = blocks.blocks();
    const nowMs = clock.nowMs();
    const fromMs = referenceMs(nowMs, [...finished, ...snapshots]);
    const expired = expiredBlocks(snapshots, { serverId, fromMs, retentionMs });
    const maxGapMs = Math.max(minCoverageGapMs, 2 * scrapeIntervalMs);
    const covered = snapshots
      .filter((snapshot) => !isForeign(snapshot, serverId))
      .filter((snapshot) => {
        const owner = ownerOfBlock(snapshot);
        const same = finished.filter((block) => sameOwner(block, owner));
        return isCovered(snapshot, same, maxGapMs);
      });
    const halves = this.#catalog.partialBlocks().filter((half) => isOrphan(half, nowMs));
    return [...new Set([...expired, ...covered, ...halves].map(({ ulid }) => ulid))];
  }

  async #remove(ulid: string, { signal }: CallOptions): Promise<boolean> {
    const { clock, mayDelete, store } = this.#options;
    if (signal?.aborted === true) throw new ShareError('SYNC_STOPPED', 'sync has been stopped');
    if (!this.#catalog.has(ulid)) {
      const half = await this.#catalog.stillPartial(ulid, { signal });
      if (half === undefined || !isOrphan(half, clock.nowMs())) return false;
    }
    const onGone = () => {
      this.#catalog.remove(ulid);
    };
    await removeRemoteBlock(store, ulid, { area: 'head', mayDelete, onGone, signal });
    return true;
  }

  #noteSuccess(): void {
    if (this.#lastError !== undefined) {
      this.#options.logger.info('Snapshots of the head reach the file store again');
    }
    this.#lastError = undefined;
  }

  /** Once per trouble in the log: the status has it while it lasts. */
  #noteFailure(error: unknown): void {
    const isFirst = this.#lastError === undefined;
    this.#failedMs = this.#options.clock.monotonicMs();
    this.#lastError = toSyncError(error);
    const { code, message, detail } = this.#lastError;
    if (isFirst) {
      const { logger } = this.#options;
      logger.warn('A snapshot of the head did not reach the file store', { code, message, detail });
    }
  }
}

interface Owner {
  serverId: string | undefined;
  scraper: string | undefined;
}

function ownerOf({ serverId, scraper }: BlockLabels): Owner {
  return { serverId, scraper };
}

function ownerOfBlock({ labels }: RemoteBlock): Owner {
  return { serverId: labels[serverIdLabel], scraper: labels[scraperLabel] };
}

function sameOwner(block: RemoteBlock, { serverId, scraper }: Owner): boolean {
  const owner = ownerOfBlock(block);
  return owner.serverId === serverId && owner.scraper === scraper && scraper !== undefined;
}
