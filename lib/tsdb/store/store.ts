import type { Labels } from '../labels.ts';
import { SampleBatch } from '../sample-batch.ts';
import { StoreError } from './errors.ts';
import type {
  BlockInfo,
  CommitResult,
  SnapshotRequest,
  StoreOptions,
  StoreProblem,
  StoreStats,
} from './types.ts';

/**
 * The local store of a collecting node: head, WAL and blocks in one directory. One object per
 * directory; it owns its timers until {@link close}.
 */
export class Store {
  /**
   * Opens or creates the store: locks the directory, removes what a crash left half done, loads
   * the blocks and replays the WAL. Rejects with `TSDB_LOCKED` when another process holds it.
   */
  static open(_options: StoreOptions): Promise<Store> {
    return Promise.reject(new StoreError('TSDB_CLOSED', 'being built'));
  }

  /**
   * Reference of the series with these labels (sorted as `labelsFrom` does); creates it. Throws
   * `TSDB_SERIES_LIMIT` or `TSDB_BAD_LABELS`. A reference stays good while {@link isLive} says so;
   * a series without samples in the head is forgotten after a block was cut.
   */
  seriesRef(_labels: Labels): number {
    throw new StoreError('TSDB_CLOSED', 'being built');
  }

  /** Whether a reference may still be used in a batch; references are never used again. */
  isLive(_ref: number): boolean {
    return false;
  }

  newBatch(capacity?: number): SampleBatch {
    return new SampleBatch(capacity);
  }

  /**
   * Writes the batch to the WAL, then to the head, as one transaction. The batch must not change
   * until this settles. Rejects with `TSDB_UNKNOWN_SERIES` (a reference of the batch is dead),
   * `TSDB_DISK_FULL`, `TSDB_WAL_IO`, `TSDB_BUSY` or `TSDB_CLOSED`; nothing is stored then.
   */
  commit(_batch: SampleBatch): Promise<CommitResult> {
    return Promise.reject(new StoreError('TSDB_CLOSED', 'being built'));
  }

  /** Cuts the blocks that are due. The store does this by itself; calling it again is harmless. */
  maintain(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Writes the head's samples in a range as a block that is not part of the store and changes
   * nothing in it. Undefined when there is no sample in the range.
   */
  snapshotHead(_request: SnapshotRequest): Promise<BlockInfo | undefined> {
    return Promise.resolve(undefined);
  }

  /** The blocks on disk, oldest first. */
  blocks(): readonly BlockInfo[] {
    return [];
  }

  /** Removes a block durably; `TSDB_NO_BLOCK` when there is none of this name. */
  deleteBlock(_ulid: string): Promise<void> {
    return Promise.resolve();
  }

  stats(): StoreStats {
    return {
      headSeries: 0,
      headSamples: 0,
      headMinMs: undefined,
      headMaxMs: undefined,
      blocks: 0,
      sizeBytes: 0,
      walBytes: 0,
    };
  }

  /** Time of the newest sample in head and blocks. */
  newestSampleMs(): number | undefined {
    return undefined;
  }

  /** Time of the oldest sample in blocks and head. */
  oldestSampleMs(): number | undefined {
    return undefined;
  }

  problems(): readonly StoreProblem[] {
    return [];
  }

  /** Sets the one listener for cut blocks (see {@link StoreOptions.onBlockCut}). */
  onBlockCut(_listener: (block: BlockInfo) => void): void {
    return;
  }

  /** Resolves when everything that was committed is on the disk (fdatasync). */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits for a running cut, flushes and frees the directory; cuts nothing, writes no markers. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
