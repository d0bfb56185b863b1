import { TsdbError } from './errors.ts';

/**
 * Bytes of a file of known size, read piece by piece. Pure readers work over it, so that the same
 * code reads from disk, from memory and in a browser.
 */
export interface ByteSource {
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on; reading beyond `size` is `TSDB_TRUNCATED`. The result
   * may be a view into a cache, which the source does not overwrite before {@link release}.
   */
  read(offset: number, length: number): Uint8Array;
  /** Nothing that was read so far is in use any more: later reads may take its memory. */
  release?(): void;
  /**
   * From now on what is read lies behind what was read before, or little in front of it: of a source that can
   * do so, what was read is given up for good.
   */
  consume?(): void;
  /** Gives up what the source holds open. */
  close?(): void;
}

/** A source over bytes in memory. */
export class MemorySource implements ByteSource {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    checkRead(this, offset, length);
    return this.#bytes.subarray(offset, offset + length);
  }
}

/** Throws unless `[offset, offset + length)` lies inside the source. */
export function checkRead(source: ByteSource, offset: number, length: number, path?: string): void {
  if (offset >= 0 && length >= 0 && offset + length <= source.size) return;
  throw new TsdbError(
    'TSDB_TRUNCATED',
    `${String(length)} bytes wanted, file has ${String(source.size)}`,
    path === undefined ? { offset } : { offset, path },
  );
}
