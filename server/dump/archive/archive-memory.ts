import { assert } from '../../../lib/runtime/index.ts';

/**
 * An archive in memory, without a copy of it: the system gives room to what is written alone, so that
 * the largest one that is allowed can be asked for at once.
 */
export class ArchiveMemory {
  readonly #room: Uint8Array;
  #length = 0;

  constructor(maxBytes: number) {
    this.#room = new Uint8Array(maxBytes);
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  /** Takes all of it; whoever gives it ends at the limit. */
  async take(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      assert(this.#length + chunk.length <= this.#room.length, 'the archive keeps its limit');
      this.#room.set(chunk, this.#length);
      this.#length += chunk.length;
    }
  }
}
