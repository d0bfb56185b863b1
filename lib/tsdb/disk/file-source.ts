import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { checkRead, type ByteSource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { fileWindowBytes } from '../limits.ts';

/**
 * Reads a file in windows. Reads that lie near each other share one system call; a window is never
 * overwritten, so what was handed out stays valid. The size is the one at opening.
 */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly #windowBytes: number;
  #fd: number | undefined;
  #window = new Uint8Array(0);
  #windowStart = 0;

  constructor(path: string, windowBytes = fileWindowBytes) {
    this.path = path;
    this.#windowBytes = windowBytes;
    this.#fd = openSync(path, 'r');
    this.size = fstatSync(this.#fd).size;
  }

  read(offset: number, length: number): Uint8Array {
    checkRead(this, offset, length, this.path);
    const inWindow = offset - this.#windowStart;
    if (inWindow >= 0 && inWindow + length <= this.#window.length) {
      return this.#window.subarray(inWindow, inWindow + length);
    }
    if (length >= this.#windowBytes) return this.#load(offset, length);
    this.#window = this.#load(offset, Math.min(this.#windowBytes, this.size - offset));
    this.#windowStart = offset;
    return this.#window.subarray(0, length);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#window = new Uint8Array(0);
  }

  #load(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (this.#fd === undefined) {
      throw new TsdbError('TSDB_IO', 'file was closed', { path: this.path });
    }
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#fd, bytes, done, length - done, offset + done);
      if (count === 0) {
        throw new TsdbError('TSDB_TRUNCATED', 'file became shorter', { offset, path: this.path });
      }
      done += count;
    }
    return bytes;
  }
}
