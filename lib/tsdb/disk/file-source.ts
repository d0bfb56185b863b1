import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { checkRead, type ByteSource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { fileWindowBytes } from '../limits.ts';
import { WindowMemory } from './window-memory.ts';

/**
 * Reads a file in windows. Reads that lie near each other share one system call; a window is overwritten
 * only after {@link release}, so what was handed out stays valid until then. Who calls it often reads a
 * file of any size through two windows. The size is the one at opening.
 */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly #windowBytes: number;
  #fd: number | undefined;
  #window = new Uint8Array(0);
  #windowStart = 0;
  readonly #memory: WindowMemory;

  constructor(path: string, windowBytes = fileWindowBytes) {
    this.path = path;
    this.#windowBytes = windowBytes;
    this.#fd = openSync(path, 'r');
    this.size = fstatSync(this.#fd).size;
    this.#memory = new WindowMemory(Math.min(windowBytes, this.size));
  }

  read(offset: number, length: number): Uint8Array {
    checkRead(this, offset, length, this.path);
    const inWindow = offset - this.#windowStart;
    if (inWindow >= 0 && inWindow + length <= this.#window.length) {
      return this.#window.subarray(inWindow, inWindow + length);
    }
    if (length >= this.#windowBytes) return this.#fill(new Uint8Array(length), offset);
    this.#move(offset);
    return this.#window.subarray(0, length);
  }

  release(): void {
    this.#memory.release();
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#window = new Uint8Array(0);
    this.#memory.close();
  }

  /** Begins a window at `offset`; nothing changes when it cannot be read. */
  #move(offset: number): void {
    const window = this.#fill(this.#memory.take().subarray(0, this.size - offset), offset);
    if (this.#window.length > 0) this.#memory.leave(this.#window);
    this.#window = window;
    this.#windowStart = offset;
  }

  #fill(bytes: Uint8Array<ArrayBuffer>, offset: number): Uint8Array<ArrayBuffer> {
    if (this.#fd === undefined) {
      throw new TsdbError('TSDB_IO', 'file was closed', { path: this.path });
    }
    readFully(this.#fd, bytes, offset, this.path);
    return bytes;
  }
}

/** Fills `bytes` with those of an open file from `offset` on. */
export function readFully(fd: number, bytes: Uint8Array, offset: number, path: string): void {
  for (let done = 0; done < bytes.length;) {
    const count = readSync(fd, bytes, done, bytes.length - done, offset + done);
    if (count === 0) throw new TsdbError('TSDB_TRUNCATED', 'file became shorter', { offset, path });
    done += count;
  }
}
