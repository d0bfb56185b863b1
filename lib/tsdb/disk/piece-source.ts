import { closeSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { checkRead, type ByteSource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { readFully } from './file-source.ts';
import { WindowMemory } from './window-memory.ts';

type Piece = Uint8Array<ArrayBuffer>;

/** Pieces that stay in memory: what lies across two of them is often read twice. */
const keptPieces = 2;

/**
 * Reads a file that lies in a directory as pieces, one behind the other by their names, all but the last
 * of one size. After {@link consume} a piece leaves the disk when it is read.
 */
export class PieceSource implements ByteSource {
  readonly size: number;
  readonly #dir: string;
  readonly #names: readonly string[];
  readonly #pieceBytes: number;
  /** By number, the one that was loaded last at the end. */
  readonly #loaded = new Map<number, Piece>();
  readonly #memory: WindowMemory;
  #isConsumed = false;
  /** Pieces that were on the disk and are not any more are those before this one. */
  #onDiskFrom = 0;

  constructor(dir: string) {
    this.#dir = dir;
    this.#names = readdirSync(dir).sort();
    const sizes = this.#names.map((name) => statSync(join(dir, name)).size);
    this.#pieceBytes = sizes[0] ?? 0;
    this.#memory = new WindowMemory(this.#pieceBytes);
    this.size = sizes.reduce((sum, size) => sum + size, 0);
    if (sizes.slice(0, -1).some((size) => size !== this.#pieceBytes)) {
      throw new TsdbError('TSDB_TRUNCATED', 'a piece of the file is cut off', { path: dir });
    }
  }

  read(offset: number, length: number): Uint8Array {
    checkRead(this, offset, length, this.#dir);
    if (length === 0) return new Uint8Array(0);
    const first = this.#piece(offset);
    const start = offset % this.#pieceBytes;
    if (start + length <= first.length) return first.subarray(start, start + length);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = (offset + done) % this.#pieceBytes;
      const part = this.#piece(offset + done).subarray(at, at + length - done);
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  }

  release(): void {
    this.#memory.release();
  }

  consume(): void {
    this.#isConsumed = true;
    this.#loaded.clear();
  }

  close(): void {
    this.#loaded.clear();
    this.#memory.close();
  }

  /** The piece that has the byte at `offset`. */
  #piece(offset: number): Uint8Array {
    const number = Math.floor(offset / this.#pieceBytes);
    const known = this.#loaded.get(number);
    if (known !== undefined) return known;
    const name = this.#names[number] ?? '';
    if (number < this.#onDiskFrom) {
      throw new TsdbError('TSDB_IO', 'it was read before, and is gone', {
        path: this.#dir,
        offset,
      });
    }
    const piece = this.#read(join(this.#dir, name), number);
    const [oldest] = this.#loaded;
    if (oldest !== undefined && this.#loaded.size === keptPieces) {
      this.#loaded.delete(oldest[0]);
      this.#memory.leave(oldest[1]);
    }
    this.#loaded.set(number, piece);
    if (this.#isConsumed) this.#remove(number);
    return piece;
  }

  #read(path: string, number: number): Piece {
    const length = Math.min(this.#pieceBytes, this.size - number * this.#pieceBytes);
    const piece = this.#memory.take().subarray(0, length);
    const fd = openSync(path, 'r');
    try {
      readFully(fd, piece, 0, path);
    } finally {
      closeSync(fd);
    }
    return piece;
  }

  /** Removes pieces from the disk, up to one that is in memory. */
  #remove(until: number): void {
    for (; this.#onDiskFrom <= until; this.#onDiskFrom++) {
      rmSync(join(this.#dir, this.#names[this.#onDiskFrom] ?? ''), { force: true });
    }
  }
}
