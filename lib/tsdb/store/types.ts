import type { Clock, Rng, ThreadCall } from '../../runtime/index.ts';
import type { JsonObject } from '../block/index.ts';
import type { WalFileOpener } from './wal-writer.ts';

/** Where the store runs long work: a `Thread` of `lib/runtime`, or {@link inlineThread}. */
export interface StoreThread {
  call(method: string, payload: unknown, options?: ThreadCall): Promise<unknown>;
}

/** Limits of a store; tests lower them. Reasons stand at the defaults in `limits.ts`. */
export interface StoreLimits {
  /** Series in the head; a new one beyond this is `TSDB_SERIES_LIMIT`. */
  maxSeries: number;
  /** Commits that may wait for their turn; one more is `TSDB_BUSY`. */
  maxWaitingCommits: number;
  /** A WAL segment is closed before it would grow past this. */
  walSegmentBytes: number;
  /** Closed chunks beyond this wait for their block in a file instead of in memory. */
  maxClosedBytes: number;
  /** Samples further in the future of the clock are dropped and counted as `tooNew`. */
  maxAheadMs: number;
}

export interface StoreOptions {
  /** Directory of the store; created with mode 0750. One process at a time. */
  dir: string;
  clock: Clock;
  rng: Rng;
  /** Runs the methods of `storeHandlers`: writing blocks and checkpoints. */
  thread: StoreThread;
  limits?: Partial<StoreLimits>;
  /** Further top-level keys of the meta.json of every block, such as `thanos`. */
  metaExtra?: JsonObject;
  /** Opens the files of the WAL; tests put failing ones in their place. */
  openWalFile?: WalFileOpener;
  /** Time range of one block, 2 h. Tests lower it. */
  blockRangeMs?: number;
  /**
   * Called after a block was registered, so that sync starts at once. It must not throw; what it
   * starts has another owner.
   */
  onBlockCut?: (block: BlockInfo) => void;
  /** Told the names of half-written directories that a crash had left and that were removed. */
  onSwept?: (names: readonly string[]) => void;
  /**
   * Which blocks may be merged into larger ones and then be deleted. Without it none is: a block that
   * has to be copied elsewhere first must keep its name until then.
   */
  mayMerge?: (block: BlockInfo) => boolean;
  /** Free bytes of the disk below the store, for tests; the kernel's answer when absent. */
  freeBytes?: () => Promise<number>;
}

/** What happened to the samples of one batch; the counts add up to its length. */
export interface CommitResult {
  /** Stored, or already there with the same time and the same bits. */
  appended: number;
  /** Older than the newest sample of their series. */
  outOfOrder: number;
  /** Same time as the newest sample of their series, other value: the first one wins. */
  duplicates: number;
  /** Older than what the head still takes (one hour before its newest sample, or in a block). */
  tooOld: number;
  /** Further in the future than {@link StoreLimits.maxAheadMs}. */
  tooNew: number;
}

/** One block of the local store, or a snapshot of the head. Times are `[mint, maxt)`. */
export interface BlockInfo {
  ulid: string;
  dir: string;
  mint: number;
  maxt: number;
  numSamples: number;
  numSeries: number;
  sizeBytes: number;
  /** Level-1 blocks that this one was made of; a block that was cut lists itself. */
  sources: readonly string[];
  /** Deleted intervals; absent when there are none, as in every block of ours. */
  numTombstones?: number;
  /** A merge with this block has failed, says its meta.json. */
  hasFailed?: boolean;
}

export interface StoreStats {
  headSeries: number;
  headSamples: number;
  /** Time of the oldest sample in the head; undefined when it is empty. */
  headMinMs: number | undefined;
  headMaxMs: number | undefined;
  blocks: number;
  /** Bytes of all blocks and of the WAL. */
  sizeBytes: number;
  walBytes: number;
}

/** Something that is wrong with the store and that the status shows until it is over. */
export interface StoreProblem {
  /**
   * `TSDB_BAD_BLOCK`, `TSDB_WAL_REPAIRED`, `TSDB_WAL_COMPRESSED`, `TSDB_WAL_IO`, `TSDB_DISK_FULL`,
   * `TSDB_CUT_FAILED`, `TSDB_MERGE_FAILED`, `TSDB_DELETE_FAILED`.
   */
  code: string;
  message: string;
  /** What the message is made of, for other words than these: why, in those of whoever failed. */
  reason?: string;
  /** The block that cannot be read. */
  block?: string;
  /** What was done to the log. */
  repair?: WalRepair;
}

/** What a WAL lost when it was made whole, and where that is now. */
export type WalRepair =
  /** The last record was not whole, as a crash leaves it. */
  | { kind: 'torn'; segment: string; offset: number; bytes: number }
  /** So was one that is followed by others: something between them is missing. */
  | { kind: 'cut'; segment: string; offset: number; bytes: number; reason: string }
  /** What comes after the damage was moved to `aside`: the rest of the segment, and those behind it. */
  | {
      kind: 'moved';
      segment: string;
      offset: number;
      bytes: number;
      reason: string;
      segments: number;
      aside: string;
    }
  /** Another program's was moved, the segment and those behind it. */
  | { kind: 'foreign'; segment: string; segments: number; aside: string }
  /** Segments before this one are not there. */
  | { kind: 'hole'; path: string }
  /** Samples of series that nothing names. */
  | { kind: 'nameless'; samples: number };

/** Times, `[mint, maxt)`, of which samples were stored and are missing. */
export interface LostRange {
  readonly mint: number;
  readonly maxt: number;
}

/** Range and place of {@link Store.snapshotHead}. */
export interface SnapshotRequest {
  /** First time of the snapshot; default: everything. */
  mint?: number;
  /** End of the snapshot, exclusive; default: everything. */
  maxt?: number;
  /** Existing directory that gets the block directory `<ULID>/`. */
  parentDir: string;
  signal?: AbortSignal;
}
