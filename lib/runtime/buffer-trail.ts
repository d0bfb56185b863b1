/**
 * Frees the buffers of a stream behind it, at once and without the engine: to the engine a buffer is as
 * small as its handle, so that it lets many of them gather. For streams that give chunk after chunk out of
 * one buffer of a known size after the other, as those of `node:zlib` do, and for a reader that keeps
 * nothing of a chunk. Buffers of another size are left alone: they may be somebody else's, too.
 */
export class BufferTrail {
  readonly #bufferBytes: number;
  #last: ArrayBufferLike | undefined;

  constructor(bufferBytes: number) {
    this.#bufferBytes = bufferBytes;
  }

  /** Nothing of this chunk, or of those before it, is used any more; more may come of the same buffer. */
  passed({ buffer }: Uint8Array): void {
    const last = this.#last;
    this.#last = buffer;
    if (last === buffer || last?.byteLength !== this.#bufferBytes) return;
    // What moves away is freed with nothing left of it.
    if (last instanceof ArrayBuffer) last.transfer(0);
  }
}
