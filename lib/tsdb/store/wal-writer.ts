import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, isDiskFull, makeDurable } from '../../runtime/index.ts';
import { PageFramer, walSegmentName } from '../wal/index.ts';
import { StoreError } from './errors.ts';

/** What the WAL needs of an open file; `FileHandle` has it. */
export interface WalFile {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Creates a segment file that must not exist; tests put failing files in its place. */
export type WalFileOpener = (path: string) => Promise<WalFile>;

/** Makes the names of the files in a directory durable. */
export type DirectorySync = (dir: string) => Promise<void>;

/** Opens a new file for the WAL. */
export const openWalFile: WalFileOpener = (path) => open(path, 'wx', 0o640);

/**
 * Writes records to the segments of a WAL directory (docs/format/wal.md). One task at a time may
 * call it, except for {@link sync}. After a failed write the segment ends at a record border again:
 * what was written of the records is cut off before anything else is written.
 */
export class WalWriter {
  readonly #dir: string;
  readonly #openFile: WalFileOpener;
  readonly #syncDirectory: DirectorySync;
  readonly #framer = new PageFramer();
  #file: WalFile;
  #segment: number;
  /** Bytes of the segment that hold whole records. */
  #size = 0;
  #isDirty = false;
  /** The segment has bytes behind {@link #size} that could not be cut off yet. */
  #isTorn = false;
  /** The directory entry of the segment is not durable yet. */
  #isNew = true;
  /** Closing of earlier segments; each resolves with its failure, if any. */
  #retiring: Promise<Retired>[] = [];
  /** Segments up to this are not needed any more; -1 for none. */
  #covered = -1;
  /** Segments up to this may be incomplete on the disk, whatever a later sync says; -1 for none. */
  #doubted = -1;

  private constructor(
    dir: string,
    segment: number,
    file: WalFile,
    openFile: WalFileOpener,
    sync: DirectorySync,
  ) {
    this.#dir = dir;
    this.#segment = segment;
    this.#file = file;
    this.#openFile = openFile;
    this.#syncDirectory = sync;
  }

  /** Begins segment `segment`, whose file must not exist. */
  static async open(
    dir: string,
    segment: number,
    openFile = openWalFile,
    sync: DirectorySync = makeDurable,
  ): Promise<WalWriter> {
    try {
      const file = await openFile(join(dir, walSegmentName(segment)));
      return new WalWriter(dir, segment, file, openFile, sync);
    } catch (cause) {
      throw walError(cause);
    }
  }

  /** Number of the segment that is written to. */
  get segment(): number {
    return this.#segment;
  }

  /** Bytes of the segment that is written to, without what is pending. */
  get segmentBytes(): number {
    return this.#size;
  }

  /** Whether there is something to {@link sync}. */
  get isDirty(): boolean {
    return this.#isDirty || this.#isNew || this.#retiring.length > 0 || this.isDoubted;
  }

  /**
   * Whether the disk has refused to sync a segment that is still needed. The kernel may have given up
   * what it could not write: it would call a second try a success without writing anything. Only what is
   * written anew, into other files, counts from then on.
   */
  get isDoubted(): boolean {
    return this.#doubted > this.#covered;
  }

  /** The segments up to `last` cannot be relied on. */
  noteDoubted(last: number): void {
    this.#doubted = Math.max(this.#doubted, last);
  }

  /** A durable checkpoint has made the segments up to `last` superfluous. */
  noteCovered(last: number): void {
    this.#covered = Math.max(this.#covered, last);
  }

  /** Frames a record; nothing is written before {@link write}. */
  add(record: Uint8Array): void {
    this.#framer.append(record);
  }

  /** Forgets the records that were added and not written. */
  discard(): void {
    this.#framer.discard();
  }

  /** Whether the pending records should rather go to a new segment. */
  isOver(limitBytes: number): boolean {
    return this.#size > 0 && this.#framer.segmentBytes > limitBytes;
  }

  /** Writes what was added; rejects with `TSDB_DISK_FULL` or `TSDB_WAL_IO` and then forgets it. */
  async write(): Promise<void> {
    const bytes = this.#framer.pending;
    if (bytes.length === 0) return;
    try {
      if (this.#isTorn) await this.#cutOff();
      await this.#writeAll(bytes);
    } catch (cause) {
      this.#framer.discard();
      this.#isTorn = true;
      // Tried at once to leave a clean end behind; if that fails too, the next write tries again.
      await this.#cutOff().catch(() => undefined);
      throw walError(cause);
    }
    this.#size += bytes.length;
    this.#framer.clear();
    this.#isDirty = true;
  }

  /** Goes on in a new segment; returns which one is finished. Nothing may be pending. */
  async cutSegment(): Promise<{ segment: number; sizeBytes: number }> {
    const finished = this.#segment;
    let file: WalFile;
    try {
      if (this.#isTorn) await this.#cutOff();
      await this.#padPage();
      file = await this.#openFile(join(this.#dir, walSegmentName(finished + 1)));
    } catch (cause) {
      throw walError(cause);
    }
    const sizeBytes = this.#size;
    this.#retiring.push(retire(this.#file, finished));
    this.#file = file;
    this.#segment = finished + 1;
    this.#size = 0;
    this.#isDirty = false;
    this.#isNew = true;
    this.#framer.startSegment();
    return { segment: finished, sizeBytes };
  }

  /**
   * Makes everything durable that was written before the call. Once it has failed it goes on to fail until
   * the segments are covered: see {@link isDoubted}.
   */
  async sync(): Promise<void> {
    const retiring = this.#retiring.splice(0);
    const isNew = this.#isNew;
    const wasDirty = this.#isDirty;
    this.#isNew = false;
    this.#isDirty = false;
    let suspect = this.#segment;
    try {
      const retired = await Promise.all(retiring);
      suspect = this.#segment;
      if (wasDirty) await this.#file.datasync();
      // The segment may have been finished meanwhile: then that file was another one.
      retired.push(...(await Promise.all(this.#retiring.splice(0))));
      for (const { segment, failure } of retired) {
        if (failure === undefined || segment <= this.#covered) continue;
        suspect = segment;
        throw walError(failure);
      }
      suspect = this.#segment;
      if (isNew) await this.#syncDirectory(this.#dir);
    } catch (cause) {
      this.#isDirty ||= wasDirty;
      this.#isNew ||= isNew;
      this.noteDoubted(suspect);
      throw walError(cause);
    }
    if (this.isDoubted) throw doubted();
  }

  /** Makes everything durable and closes the segment. */
  async close(): Promise<void> {
    try {
      if (this.#isTorn) await this.#cutOff();
      await this.sync();
    } catch (cause) {
      throw walError(cause);
    } finally {
      await this.#file.close();
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const position = this.#size + done;
      const result = await this.#file.write(bytes, done, bytes.length - done, position);
      done += result.bytesWritten;
    }
  }

  async #cutOff(): Promise<void> {
    await this.#file.truncate(this.#size);
    this.#isTorn = false;
  }

  /** Ends the segment with a whole page; a segment without that is read as well. */
  async #padPage(): Promise<void> {
    this.#framer.finishSegment();
    await this.write();
  }
}

/** The coded form of a failed write. */
export function walError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  if (isDiskFull(cause)) {
    return new StoreError('TSDB_DISK_FULL', 'no space left on the disk of the store', { cause });
  }
  const reason = errorText(cause);
  return new StoreError('TSDB_WAL_IO', `the WAL cannot be written: ${reason}`, { cause });
}

interface Retired {
  segment: number;
  failure?: unknown;
}

/** Makes a finished segment durable and closes it; resolves with the failure. */
async function retire(file: WalFile, segment: number): Promise<Retired> {
  try {
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
    return { segment };
  } catch (failure) {
    return { segment, failure };
  }
}

function doubted(): StoreError {
  const message =
    'the disk has refused to sync the WAL; until its content is written anew, nothing that was collected ' +
    'since the last block is safe';
  return new StoreError('TSDB_WAL_IO', message);
}
