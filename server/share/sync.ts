import type { ApiError, Problem, SyncStatus } from '../../api/index.ts';
import type { ObjectStore } from '../../lib/objectstore/index.ts';
import { asError, sleep, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import type { Settings } from '../settings/index.ts';
import type { BlockCatalog } from './block-catalog.ts';
import type { BlockLabels } from './block-meta.ts';
import { removeRemoteBlock } from './block-removal.ts';
import { uploadBlock } from './block-upload.ts';
import { codeOf, ShareError, toApiError } from './errors.ts';
import { firstBackOffMs, syncOverdueMs } from './limits.ts';
import { LocalRoom, type LocalBlocks } from './local-room.ts';
import { probeKey } from './paths.ts';
import { expiredBlocks, isForeign, orphans, pendingBlocks, referenceMs } from './retention.ts';

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
  #lastError: ApiError | null = null;
  #failures = 0;
  #failingSinceMs: number | null = null;
  #cleanupDueMs = -Infinity;

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
    const { catalog, driver } = this.#options;
    const blocks = catalog.blocks();
    return {
      driver,
      remoteBlocks: blocks.length,
      remoteBytes: blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      pendingBlocks: this.#pending().length,
      lastSuccessMs: this.#lastSuccessMs,
      lastError: this.#lastError,
    };
  }

  problems(): Problem[] {
    const failing = this.#failingProblem();
    const foreign = this.#foreignProblem();
    return [failing, foreign, ...this.#room.problems()].filter((problem) => problem !== undefined);
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
      for (const { resolve } of requests) resolve();
    } catch (error) {
      this.#noteFailure(error);
      for (const { reject } of requests) reject(asError(error));
    }
  }

  async #work(): Promise<void> {
    const { catalog, clock, settings } = this.#options;
    let isReachable = false;
    try {
      await catalog.refresh();
      isReachable = true;
      const probeError = await this.#probe();
      const uploadError = await this.#upload();
      if (this.#isStopping || clock.monotonicMs() >= this.#cleanupDueMs) {
        await this.#cleanUp();
        this.#cleanupDueMs = clock.monotonicMs() + settings().cleanupPeriodMs;
      }
      if (uploadError !== undefined) throw uploadError;
      if (probeError !== undefined) throw probeError;
    } finally {
      // The local disk needs its room also while the file store is out of reach.
      await this.#room.trim(isReachable);
    }
  }

  /**
   * Writes, reads and deletes once per run: a store that lists well but takes nothing would
   * otherwise be noticed with the first block, hours later. Returns the error, for after the uploads.
   */
  async #probe(): Promise<Error | undefined> {
    if (this.#isProven) return undefined;
    try {
      await this.#options.store.check(probeKey);
      this.#isProven = true;
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }

  /** Uploads what is missing, oldest first, and returns the first error that concerns one block. */
  async #upload(): Promise<Error | undefined> {
    const { catalog, clock, epoch, labels, logger, pluginVersion, store } = this.#options;
    let firstError: Error | undefined;
    for (const block of this.#pending()) {
      try {
        const facts = { labels: labels(), epoch: epoch(), pluginVersion, nowMs: clock.nowMs() };
        await uploadBlock(store, block, facts, this.#abort.signal);
        await catalog.add(block.ulid);
        logger.info('copied a block to the file store', { ulid: block.ulid });
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

  async #cleanUp(): Promise<void> {
    const { catalog, clock, labels, local, logger, settings, store } = this.#options;
    const blocks = catalog.blocks();
    const nowMs = clock.nowMs();
    const expired = expiredBlocks(blocks, {
      serverId: labels().serverId,
      fromMs: referenceMs(nowMs, [...blocks, ...local.blocks()]),
      retentionMs: settings().retentionMs,
    });
    const orphaned = orphans(catalog.partialBlocks(), local.blocks(), nowMs);
    for (const { ulid } of [...expired, ...orphaned]) {
      if (this.#abort.signal.aborted) throw stoppedError();
      await removeRemoteBlock(store, ulid, () => {
        catalog.remove(ulid);
      });
    }
    if (expired.length + orphaned.length > 0) {
      const counts = { expired: expired.length, halfBlocks: orphaned.length };
      logger.info('deleted old blocks from the file store', counts);
    }
  }

  #noteSuccess(): void {
    if (this.#failures > 0) this.#options.logger.info('sync with the file store works again');
    this.#failures = 0;
    this.#failingSinceMs = null;
    this.#lastError = null;
    this.#lastSuccessMs = this.#options.clock.nowMs();
  }

  #noteFailure(error: unknown): void {
    const { clock, logger } = this.#options;
    this.#failures++;
    this.#failingSinceMs ??= clock.monotonicMs();
    this.#lastError = toApiError(error);
    const { code, message, detail } = this.#lastError;
    // Once per trouble: the status has it while it lasts.
    if (this.#failures === 1)
      logger.warn('sync with the file store failed', { code, message, detail });
  }

  #failingProblem(): Problem | undefined {
    const error = this.#lastError;
    if (error === null || this.#failingSinceMs === null) return undefined;
    const pending = this.#pending().length;
    const isOverdue = this.#options.clock.monotonicMs() - this.#failingSinceMs > syncOverdueMs;
    return {
      code: 'SYNC_FAILED',
      severity: isOverdue ? 'error' : 'warning',
      message: `Blocks do not reach the file store (${error.code}); ${String(pending)} wait on the collecting node.`,
      advice: `${error.message} Nothing is lost while the local disk has room.`,
      link: '/admin_console/environment/file_storage',
    };
  }

  #foreignProblem(): Problem | undefined {
    const { catalog, labels } = this.#options;
    const { serverId } = labels();
    const count = catalog.blocks().filter((block) => isForeign(block, serverId)).length;
    if (count === 0) return undefined;
    return {
      code: 'SYNC_FOREIGN_BLOCKS',
      severity: 'warning',
      message: `The file store holds ${String(count)} blocks of another Mattermost server; retention leaves them alone.`,
      advice: 'Give each Mattermost server its own directory, bucket or path prefix.',
      link: '/admin_console/environment/file_storage',
    };
  }
}

function stoppedError(): ShareError {
  return new ShareError('SYNC_STOPPED', 'sync has been stopped');
}
