import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import { asError, codeOf, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import type { Settings } from '../settings/index.ts';
import type { BlockCatalog } from './block-catalog.ts';
import { diskFloorBytes, diskShortBytes } from './limits.ts';
import { agedLocalBlocks, referenceMs } from './retention.ts';

/** The blocks of the local store; `Store` of `lib/tsdb` is one. */
export interface LocalBlocks {
  /** The blocks on disk, oldest first. */
  blocks(): readonly BlockInfo[];
  /** Bytes of all blocks and of the WAL, and the span of the head, absent when it is empty. */
  stats(): {
    sizeBytes: number;
    headMinMs?: number | undefined;
    headMaxMs?: number | undefined;
  };
  deleteBlock(ulid: string): Promise<void>;
}

/** What {@link LocalRoom} stands on. */
export interface LocalRoomOptions {
  clock: Clock;
  logger: Logger;
  catalog: BlockCatalog;
  local: LocalBlocks;
  settings: () => Pick<Settings, 'retentionMs' | 'localSizeLimitBytes'>;
  freeBytes: () => Promise<number | null>;
  /** Told of blocks that were deleted and were nowhere else, oldest first. It must not throw. */
  onLost?: (blocks: readonly BlockInfo[]) => void;
}

/**
 * Deletes local blocks: those that are in the file store after some days or when the disk is short,
 * and, only when even the WAL could not go on, those that are nowhere else. That last step is a
 * loss, so it stays a problem in the status until the process ends.
 */
export class LocalRoom {
  readonly #options: LocalRoomOptions;
  /** The last of the deletions asked for; they run one after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #lostBlocks = 0;
  #isShort = false;
  #isOversized = false;
  #isFailing = false;

  constructor(options: LocalRoomOptions) {
    this.#options = options;
  }

  /**
   * Deletes what has served its time, then what is beyond the size limit, then what the disk needs.
   * `isAllCopied`: whether all that belongs into the file store is there, as seen just now. What
   * cannot be deleted is a problem of the store, not of its copies: it is logged and tried again.
   */
  trim(isAllCopied: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const deletion = new Deletion(this.#options.local);
      await this.#deleteAged(isAllCopied, deletion);
      await this.#deleteOversize(deletion);
      await this.#relieve(deletion);
      this.#noteFailure(deletion.failure);
    });
  }

  /** Frees the disk when it is short and returns how many blocks went. */
  relieve(): Promise<number> {
    return this.#inTurn(async () => {
      const deletion = new Deletion(this.#options.local);
      const deleted = await this.#relieve(deletion);
      if (deletion.failure !== undefined) throw deletion.failure;
      return deleted;
    });
  }

  /** Sees whether the disk is short now: what fills it need not be ours. */
  async look(): Promise<void> {
    this.#isShort = await this.#isBelow(diskShortBytes);
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #deleteAged(isAllCopied: boolean, deletion: Deletion): Promise<void> {
    const { local, settings } = this.#options;
    const aged = agedLocalBlocks(local.blocks(), {
      isHeld: this.#heldNow(),
      isAllCopied,
      fromMs: this.#referenceMs(),
      retentionMs: settings().retentionMs,
    });
    for (const block of aged) await deletion.tryDelete(block);
  }

  /** The limit of size takes only what is in the file store: it is a wish, the floor is a need. */
  async #deleteOversize(deletion: Deletion): Promise<void> {
    const { local, settings } = this.#options;
    const { localSizeLimitBytes } = settings();
    const isHeld = this.#heldNow();
    const isOver = () => localSizeLimitBytes > 0 && local.stats().sizeBytes > localSizeLimitBytes;
    for (const block of local.blocks()) {
      if (!isOver()) break;
      if (isHeld(block)) await deletion.tryDelete(block);
    }
    this.#isOversized = isOver();
  }

  async #relieve(deletion: Deletion): Promise<number> {
    const isHeld = this.#heldNow();
    const synced = await this.#deleteWhile(diskShortBytes, isHeld, deletion);
    const lost: BlockInfo[] = [];
    try {
      await this.#deleteWhile(diskFloorBytes, (block) => !isHeld(block), deletion, lost);
    } finally {
      if (lost.length > 0) this.#tellLost(lost);
    }
    this.#isShort = await this.#isBelow(diskShortBytes);
    return synced.length + lost.length;
  }

  /** What tells whether all that the file store is to have of a block now is there. */
  #heldNow(): (block: BlockInfo) => boolean {
    const { catalog, settings } = this.#options;
    const retiredMs = this.#referenceMs() - settings().retentionMs;
    return (block) => catalog.holds(block, retiredMs);
  }

  #referenceMs(): number {
    const { catalog, clock, local } = this.#options;
    return referenceMs(clock.nowMs(), [...local.blocks(), ...catalog.blocks()]);
  }

  /** Once per trouble: the status has it while it lasts. */
  #noteFailure(error: Error | undefined): void {
    if (error !== undefined && !this.#isFailing) {
      const code = 'TSDB_DELETE_FAILED';
      this.#options.logger.warn('Local blocks could not be deleted', { code, error });
    }
    this.#isFailing = error !== undefined;
  }

  #tellLost(blocks: readonly BlockInfo[]): void {
    const { logger, onLost } = this.#options;
    this.#lostBlocks += blocks.length;
    logger.error('Disk full: deleted blocks that were nowhere else', {
      code: 'SYNC_BLOCKS_LOST',
      blocks: blocks.length,
    });
    onLost?.(blocks);
  }

  problems(): Problem[] {
    const problems: Problem[] = [];
    if (this.#lostBlocks > 0) problems.push(lostProblem(this.#lostBlocks));
    if (this.#isOversized) problems.push(oversizeProblem);
    if (this.#isShort) problems.push(shortProblem);
    return problems;
  }

  /** Deletes blocks, oldest first, while less than `limitBytes` are free, and lists them in `deleted`. */
  async #deleteWhile(
    limitBytes: number,
    isMeant: (block: BlockInfo) => boolean,
    deletion: Deletion,
    deleted: BlockInfo[] = [],
  ): Promise<readonly BlockInfo[]> {
    for (const block of this.#options.local.blocks().filter(isMeant)) {
      if (!(await this.#isBelow(limitBytes))) break;
      if (await deletion.tryDelete(block)) deleted.push(block);
    }
    return deleted;
  }

  async #isBelow(limitBytes: number): Promise<boolean> {
    const freeBytes = await this.#options.freeBytes();
    return freeBytes !== null && freeBytes < limitBytes;
  }
}

/** Deletions of one turn: one that fails does not keep the others from making room. */
class Deletion {
  /** Why the first one failed, if any did. */
  failure: Error | undefined;
  readonly #local: LocalBlocks;

  constructor(local: LocalBlocks) {
    this.#local = local;
  }

  async tryDelete({ ulid }: BlockInfo): Promise<boolean> {
    try {
      await this.#local.deleteBlock(ulid);
      return true;
    } catch (error) {
      // Merged into another one since the blocks were listed.
      if (codeOf(error) !== 'TSDB_NO_BLOCK') this.failure ??= asError(error);
      return false;
    }
  }
}

function lostProblem(blockCount: number): Problem {
  return makeProblem({
    code: 'SYNC_BLOCKS_LOST',
    severity: 'error',
    message: say('sync.lost', { blockCount }),
    advice: say('sync.lost.advice'),
    link: consolePages.fileStorage,
  });
}

const oversizeProblem = makeProblem({
  code: 'SYNC_LOCAL_OVERSIZE',
  severity: 'warning',
  message: say('sync.oversize'),
  advice: say('sync.oversize.advice'),
  link: consolePages.plugin,
});

const shortProblem = makeProblem({
  code: 'SYNC_DISK_SHORT',
  severity: 'warning',
  message: say('sync.short'),
  advice: say('sync.short.advice'),
  link: consolePages.plugin,
});
