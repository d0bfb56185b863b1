import type { Problem, SyncStatus } from '../../api/index.ts';
import type { ObjectStore } from '../../lib/objectstore/index.ts';
import { asError, codeOf, sleep, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import type { Settings } from '../settings/index.ts';
import type { BlockCatalog } from './block-catalog.ts';
import type { BlockLabels } from './block-meta.ts';
import { removeRemoteBlock } from './block-removal.ts';
import { uploadBlock } from './block-upload.ts';
import { ShareError, toSyncError, type SyncError } from './errors.ts';
import { firstBackOffMs } from './limits.ts';
import { LocalRoom, type LocalBlocks } from './local-room.ts';
import { probeKey } from './paths.ts';
import { expiredBlocks, isOrphan, orphans, pendingBlocks, referenceMs } from './retention.ts';
import { bytesOf, oldestUnsafeMs } from './sync-lag.ts';
import { damagedProblem, failingProblem, foreignProblem } from './sync-problems.ts';

/** What {@link BlockSync} stands on. Functions are asked anew each time, so that settings apply live. */
export interface BlockSyncOptions {
  clock: Clock;
  logger: Logger;
  store: ObjectStore;
  catalog: BlockCatalog;
  local: LocalBlocks;
  /** Driver name of the server's file settings, for the status. */
  driver: string;
  settings: () => Pick<
    Settings,
    'retentionMs' | 'localSizeLimitBytes' | 'syncPeriodMs' | 'cleanupPeriodMs'
  >;
  labels: () => BlockLabels;
  /** Number of the lease; 0 where no lease exists. */
  epoch: () => number;
  pluginVersion: string;
  /** Free space of the disk below the store; null when it cannot be told. */
  freeBytes: () => Promise<number | null>;
  /**
   * Whether this node may delete in the file store at this very moment: in a cluster, whether it holds
   * the lease and had that confirmed just now. Asked right before each such request; absent, it may.
   */
  mayDelete?: () => boolean;
  /** Told after each block that was copied. It must not throw. */
  onCopied?: () => void;
  /** Told of local blocks that a full disk has cost and that were nowhere else. It must not throw. */
  onLost?: (blocks: readonly BlockInfo[]) => void;
  /** Up to when head snapshots hold what is not in blocks yet; absent where there are none. */
  savedUntilMs?: () => number | undefined;
}

interface SyncRequest {
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * Keeps the file store a copy of the local blocks and applies retention to both. One pass runs at a
 * time; passes come at start, when woken, each sync period, after an error with a growing pause,
 * and at stop. An error never ends the loop: it is kept for the status.
 */
export class BlockSync {
  readonly #options: BlockSyncOptions;
  readonly #room: LocalRoom;
  readonly #abort = new AbortController();
  #requests: SyncRequest[] = [];
  #isWoken = false;
  #isProven = false;
  #rest: AbortController | undefined;
  #loop: Promise<void> | undefined;
  #isStopping = false;
  #lastSuccessMs: number | null = null;
  #lastError: SyncError | null = null;
  #failures = 0;
  #failingSinceMs: number | null = null;
  #cleanupDueMs = -Infinity;
  /** Codes of problems that are in the log already. */
  #logged: ReadonlySet<string> = new Set();

  constructor(options: BlockSyncOptions) {
    this.#options = options;
    this.#room = new LocalRoom(options);
  }

  /** Starts the loop with a pass at once. Call it once. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Asks for a pass as soon as possible; call it when a block was cut. */
  wake(): void {
    this.#isWoken = true;
    this.#rest?.abort();
  }

  /** Waits for a pass that begins after the call; rejects with its error. */
  syncNow(): Promise<void> {
    if (this.#loop === undefined || this.#isStopping) return Promise.reject(stoppedError());
    const pass = new Promise<void>((resolve, reject) => this.#requests.push({ resolve, reject }));
    this.wake();
    return pass;
  }

  /**
   * Deletes local blocks that are in the file store until the disk has room again; call it when
   * the store reports a full disk. Returns how many it deleted.
   */
  relieveDisk(): Promise<number> {
    return this.#room.relieve();
  }

  /** Sees whether the disk is short now: a pass may be an hour away. */
  lookAtDisk(): Promise<void> {
    return this.#room.look();
  }

  /**
   * Makes one last pass and ends. After `budgetMs` uploads are broken off: they are repaired by the
   * next start.
   */
  async stop(budgetMs: number): Promise<void> {
    this.#isStopping = true;
    this.wake();
    const timer = this.#options.clock.setTimer(budgetMs, () => {
      this.#abort.abort();
    });
    try {
      await this.#loop;
    } finally {
      timer.cancel();
      for (const { reject } of this.#requests.splice(0)) reject(stoppedError());
    }
  }

  status(): SyncStatus {
    const { catalog, clock, driver, local, savedUntilMs } = this.#options;
    const blocks = catalog.blocks();
    const pending = this.#pending();
    const unsafe = oldestUnsafeMs(pending, local.stats(), savedUntilMs?.());
    return {
      driver,
      remoteBlocks: blocks.length,
      remoteBytes: bytesOf(blocks),
      pendingBlocks: pending.length,
      pendingBytes: bytesOf(pending),
      lagMs: unsafe === undefined ? null : Math.max(0, clock.nowMs() - unsafe),
      lastSuccessMs: this.#lastSuccessMs,
      lastError: this.#lastError,
    };
  }

  problems(): Problem[] {
    return [...this.#storeProblems(), ...this.#room.problems()];
  }

  async #run(): Promise<void> {
    for (;;) {
      // Read before the pass: what is asked for during it needs another one.
      const isLast = this.#isStopping;
      await this.#pass();
      if (isLast || this.#abort.signal.aborted) return;
      if (!this.#isWoken) await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    this.#rest = new AbortController();
    await sleep(this.#options.clock, this.#pauseMs(), this.#rest.signal);
    this.#rest = undefined;
  }

  /** Until the next sync or cleanup; after errors a growing pause, whatever is due. */
  #pauseMs(): number {
    const { clock, settings } = this.#options;
    const { syncPeriodMs } = settings();
    if (this.#failures > 0) {
      return Math.min(firstBackOffMs * 2 ** (this.#failures - 1), syncPeriodMs);
    }
    return Math.min(syncPeriodMs, Math.max(0, this.#cleanupDueMs - clock.monotonicMs()));
  }

  async #pass(): Promise<void> {
    this.#isWoken = false;
    const requests = this.#requests.splice(0);
    try {
      await this.#work();
      this.#noteSuccess();
      this.#logNewProblems();
      for (const { resolve } of requests) resolve();
    } catch (error) {
      this.#noteFailure(error);
      for (const { reject } of requests) reject(asError(error));
    }
  }

  async #work(): Promise<void> {
    const { catalog, clock, settings } = this.#options;
    let isAllCopied = false;
    try {
      await catalog.refresh({ signal: this.#abort.signal });
      const probeError = await this.#probe();
      const uploadError = await this.#upload();
      isAllCopied = probeError === undefined && uploadError === undefined;
      if (this.#isStopping || clock.monotonicMs() >= this.#cleanupDueMs) {
        await this.#cleanUp();
        this.#cleanupDueMs = clock.monotonicMs() + settings().cleanupPeriodMs;
      }
      if (uploadError !== undefined) throw uploadError;
      if (probeError !== undefined) throw probeError;
    } finally {
      // The local disk needs its room also while the file store is out of reach.
      await this.#room.trim(isAllCopied);
    }
  }

  /**
   * Writes, reads and deletes once per run: a store that lists well but takes nothing would
   * otherwise be noticed with the first block, hours later. Returns the error, for after the uploads.
   */
  async #probe(): Promise<Error | undefined> {
    if (this.#isProven) return undefined;
    try {
      const { labels, store } = this.#options;
      await store.check(probeKey(labels().scraper), { signal: this.#abort.signal });
      this.#isProven = true;
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }

  /** Uploads what is missing, oldest first, and returns the first error that concerns one block. */
  async #upload(): Promise<Error | undefined> {
    const { catalog, clock, epoch, labels, logger, pluginVersion, store } = this.#options;
    const { signal } = this.#abort;
    let firstError: Error | undefined;
    for (const { dir, sizeBytes, ulid } of this.#pending()) {
      try {
        const facts = { labels: labels(), epoch: epoch(), pluginVersion, nowMs: clock.nowMs() };
        await uploadBlock(store, { ulid, dir, area: 'data' }, facts, signal);
        await catalog.add(ulid, { signal });
        logger.info('Copied a block to the file store', { ulid, bytes: sizeBytes });
        this.#options.onCopied?.();
      } catch (error) {
        firstError ??= asError(error);
        // A block that cannot be read must not hold up the others; a failing store would.
        if (codeOf(error) !== 'SYNC_LOCAL_BLOCK') return firstError;
      }
    }
    return firstError;
  }

  /** Local blocks that are not in the file store and not yet so old that retention drops them. */
  #pending(): BlockInfo[] {
    const { catalog, clock, local, settings } = this.#options;
    const blocks = local.blocks();
    return pendingBlocks(blocks, {
      isHeld: (block) => catalog.holds(block),
      fromMs: referenceMs(clock.nowMs(), [...blocks, ...catalog.blocks()]),
      retentionMs: settings().retentionMs,
    });
  }

  /** Deletes what is old, as long as this node may. */
  async #cleanUp(): Promise<void> {
    const { logger } = this.#options;
    let deleted = 0;
    try {
      for (const ulid of this.#outdated()) {
        await this.#remove(ulid);
        deleted++;
      }
    } catch (error) {
      // The node that may goes on where this one left off.
      if (codeOf(error) !== 'SYNC_NOT_ALLOWED') throw error;
    }
    if (deleted > 0) logger.info('Deleted old blocks from the file store', { blocks: deleted });
  }

  #outdated(): string[] {
    const { catalog, clock, labels, local, settings } = this.#options;
    if (!this.#mayDelete()) return [];
    const blocks = catalog.blocks();
    const nowMs = clock.nowMs();
    const expired = expiredBlocks(blocks, {
      serverId: labels().serverId,
      fromMs: referenceMs(nowMs, [...blocks, ...local.blocks()]),
      retentionMs: settings().retentionMs,
    });
    const orphaned = orphans(catalog.partialBlocks(), local.blocks(), nowMs);
    return [...expired, ...orphaned].map(({ ulid }) => ulid);
  }

  async #remove(ulid: string): Promise<void> {
    const { catalog, clock, store } = this.#options;
    const { signal } = this.#abort;
    if (signal.aborted) throw stoppedError();
    if (!catalog.has(ulid)) {
      // Somebody may have come back to it since it was listed.
      const half = await catalog.stillPartial(ulid, { signal });
      if (half === undefined || !isOrphan(half, clock.nowMs())) return;
    }
    const onGone = () => {
      catalog.remove(ulid);
    };
    const mayDelete = () => this.#mayDelete();
    await removeRemoteBlock(store, ulid, { area: 'data', mayDelete, onGone, signal });
  }

  #mayDelete(): boolean {
    return this.#options.mayDelete?.() ?? true;
  }

  #noteSuccess(): void {
    if (this.#failures > 0) this.#options.logger.info('Sync with the file store works again');
    this.#failures = 0;
    this.#failingSinceMs = null;
    this.#lastError = null;
    this.#lastSuccessMs = this.#options.clock.nowMs();
  }

  #noteFailure(error: unknown): void {
    const { clock, logger } = this.#options;
    this.#failures++;
    this.#failingSinceMs ??= clock.monotonicMs();
    this.#lastError = toSyncError(error);
    const { code, message, detail } = this.#lastError;
    // Once per trouble: the status has it while it lasts.
    if (this.#failures === 1)
      logger.warn('Sync with the file store failed', { code, message, detail });
  }

  /** Once for as long as they last; failures of the whole have a line of their own. */
  #logNewProblems(): void {
    const problems = this.#storeProblems();
    for (const { code, message, advice } of problems) {
      if (!this.#logged.has(code)) this.#options.logger.warn(message, { code, advice });
    }
    this.#logged = new Set(problems.map(({ code }) => code));
  }

  #storeProblems(): Problem[] {
    const { catalog, clock, labels, local } = this.#options;
    const failing = failingProblem({
      error: this.#lastError,
      forMs: this.#failingSinceMs === null ? 0 : clock.monotonicMs() - this.#failingSinceMs,
      pendingBlocks: this.#lastError === null ? 0 : this.#pending().length,
    });
    return [
      failing,
      foreignProblem(catalog.blocks(), labels().serverId),
      damagedProblem(catalog.partialBlocks(), local.blocks()),
    ].filter((problem) => problem !== undefined);
  }
}

function stoppedError(): ShareError {
  return new ShareError('SYNC_STOPPED', 'sync has been stopped');
}
