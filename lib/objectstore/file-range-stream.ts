import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { StoreError } from './errors.ts';
import { readChunkBytes } from './limits.ts';
import { storeErrorOf } from './system-errors.ts';

/**
 * Reads `[start, end)` of an open file and owns the handle: it is closed at the end, after an
 * error, and by `destroy`, also when nothing was read yet. A file that became shorter meanwhile
 * ends in `STORE_TRUNCATED`.
 */
export class FileRangeStream extends Readable {
  readonly #handle: FileHandle;
  readonly #key: string;
  readonly #end: number;
  #at: number;
  #reading: Promise<void> | undefined;

  constructor(handle: FileHandle, key: string, start: number, end: number) {
    super({ highWaterMark: readChunkBytes });
    this.#handle = handle;
    this.#key = key;
    this.#at = start;
    this.#end = end;
  }

  override _read(): void {
    this.#reading = this.#readChunk().catch((cause: unknown) => {
      this.destroy(storeErrorOf(cause, this.#key));
    });
  }

  async #readChunk(): Promise<void> {
    if (this.#at >= this.#end) {
      this.push(null);
      return;
    }
    const want = Math.min(readChunkBytes, this.#end - this.#at);
    const chunk = Buffer.allocUnsafeSlow(want);
    const { bytesRead } = await this.#handle.read(chunk, 0, want, this.#at);
    if (bytesRead === 0) {
      throw new StoreError('STORE_TRUNCATED', 'the object ended before its size', this.#key);
    }
    this.#at += bytesRead;
    this.push(chunk.subarray(0, bytesRead));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // A handle must not be closed under a running read: its number may already be another file's.
    void Promise.resolve(this.#reading)
      .then(() => this.#handle.close())
      .then(
        () => {
          done(error);
        },
        (cause: unknown) => {
          done(error ?? storeErrorOf(cause, this.#key));
        },
      );
  }
}
