import { open, stat } from 'node:fs/promises';
import { constants, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { toHex } from '../bytes/index.ts';
import { codeOf, systemClock, systemRng, type Clock, type Rng } from '../runtime/index.ts';
import { bodyChunks } from './body-chunks.ts';
import { probeStore } from './check.ts';
import { StoreError } from './errors.ts';
import { FileRangeStream } from './file-range-stream.ts';
import { checkKey, checkPrefix, temporaryMark } from './keys.ts';
import {
  removeEmptyDirectories,
  removeFile,
  writeAtomically,
  type OpenFile,
} from './local-files.ts';
import { listLocal } from './local-list.ts';
import type {
  ByteRange,
  CallOptions,
  GetOptions,
  ListEntry,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectHead,
  ObjectStore,
  PutOptions,
} from './object-store.ts';
import { storeErrorOf } from './system-errors.ts';

/** Parts that {@link LocalStore} uses; the defaults are the machine's. */
export interface LocalStoreOptions {
  clock?: Clock;
  rng?: Rng;
  openFile?: OpenFile;
}

/**
 * Objects as files below one directory, as the host's own local driver lays them out. The directory
 * may be a network share: only rename is relied on, no locks. Temporaries of writers that died are
 * never listed and are removed by a later listing once they are a day old.
 */
export class LocalStore implements ObjectStore {
  readonly #root: string;
  readonly #clock: Clock;
  readonly #openFile: OpenFile;
  /** Tells the temporaries of this process from those of others and of earlier runs. */
  readonly #boot: string;
  #writes = 0;

  constructor(root: string, options: LocalStoreOptions = {}) {
    this.#root = root;
    this.#clock = options.clock ?? systemClock;
    this.#openFile = options.openFile ?? open;
    this.#boot = toHex((options.rng ?? systemRng).bytes(6));
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<ObjectHead> {
    checkKey(key);
    const path = this.#path(key);
    const temporaryPath = `${path}${temporaryMark}${this.#boot}-${String(this.#writes++)}`;
    try {
      await writeAtomically(path, temporaryPath, bodyChunks(body, key, options), this.#openFile);
      return headOf(await stat(path, { bigint: true }));
    } catch (cause) {
      // What made the write fail is told; empty directories left by a failing disk do no harm.
      await removeEmptyDirectories(this.#root, key.split('/').slice(0, -1)).catch(() => undefined);
      throw storeErrorOf(cause, key);
    }
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectContent> {
    checkKey(key);
    const { signal } = options;
    refuseAborted(signal, key);
    try {
      const path = this.#path(key);
      // Looked at before it is opened: opening a pipe would wait for its writer.
      checkIsObject(await stat(path, { bigint: true }), key);
      const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const stats = await handle.stat({ bigint: true });
        checkIsObject(stats, key);
        // It may have been given up meanwhile, and nobody would be told of that any more.
        refuseAborted(signal, key);
        const head = headOf(stats);
        const { start, end } = resolveRange(options.range, head.sizeBytes, key);
        const body = new FileRangeStream(handle, key, start, end);
        if (signal !== undefined) destroyOnAbort(body, signal, key);
        return {
          sizeBytes: end - start,
          totalBytes: head.sizeBytes,
          etag: head.etag,
          modifiedMs: head.modifiedMs,
          body,
        };
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (cause) {
      throw storeErrorOf(cause, key);
    }
  }

  async head(key: string, { signal }: CallOptions = {}): Promise<ObjectHead | undefined> {
    checkKey(key);
    refuseAborted(signal, key);
    try {
      const stats = await stat(this.#path(key), { bigint: true });
      return stats.isFile() ? headOf(stats) : undefined;
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw storeErrorOf(cause, key);
    }
  }

  async *list(options: ListOptions): AsyncGenerator<ListEntry, void, undefined> {
    const { prefix, delimiter, signal } = options;
    checkPrefix(prefix);
    try {
      yield* listLocal(this.#root, prefix, delimiter !== undefined, this.#clock.nowMs(), signal);
    } catch (cause) {
      throw storeErrorOf(cause, prefix);
    }
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    checkKey(key);
    refuseAborted(signal, key);
    try {
      if (!(await removeFile(this.#path(key)))) return;
      // Readers that know only directories would take an empty one for an object group.
      await removeEmptyDirectories(this.#root, key.split('/').slice(0, -1));
    } catch (cause) {
      throw storeErrorOf(cause, key);
    }
  }

  async check(key: string, options: CallOptions = {}): Promise<void> {
    await probeStore(this, key, options);
  }

  #path(key: string): string {
    return join(this.#root, key);
  }
}

function checkIsObject(stats: BigIntStats, key: string): void {
  if (!stats.isFile()) throw new StoreError('STORE_NOT_FOUND', 'no such object', key);
}

/** Size and time of modification name the content: a file is replaced by rename, never changed. */
function headOf(stats: BigIntStats): ObjectHead {
  return {
    sizeBytes: Number(stats.size),
    etag: `"${stats.mtimeNs.toString(16)}-${stats.size.toString(16)}"`,
    modifiedMs: Number(stats.mtimeMs),
  };
}

function refuseAborted(signal: AbortSignal | undefined, key: string): void {
  if (signal?.aborted === true) throw abortedError(key);
}

function abortedError(key: string): StoreError {
  return new StoreError('STORE_ABORTED', 'given up by the caller', key);
}

function destroyOnAbort(body: Readable, signal: AbortSignal, key: string): void {
  const onAbort = () => body.destroy(abortedError(key));
  signal.addEventListener('abort', onAbort, { once: true });
  body.once('close', () => {
    signal.removeEventListener('abort', onAbort);
  });
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function resolveRange(
  range: ByteRange | undefined,
  totalBytes: number,
  key: string,
): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: totalBytes };
  const { start } = range;
  const end = Math.min(range.end ?? totalBytes, totalBytes);
  const isSound = Number.isSafeInteger(start) && start >= 0 && (range.end ?? start + 1) > start;
  if (!isSound || start >= totalBytes) {
    const asked = `${String(start)} to ${String(range.end ?? 'the end')}`;
    const message = `bytes ${asked} are outside of the object's ${String(totalBytes)}`;
    throw new StoreError('STORE_BAD_RANGE', message, key);
  }
  return { start, end };
}
