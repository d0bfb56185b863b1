import { gatherBytes } from './limits.ts';

/**
 * Received bytes in order until they are read. Pieces that are small or that would pin a much
 * larger buffer are copied and gathered, so that memory stays near the number of bytes held.
 */
export class ReceiveBuffer {
  readonly #chunks: Uint8Array[] = [];
  /** Free rest of the last chunk's own buffer; undefined when the last chunk cannot grow. */
  #room: Uint8Array | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (piece.length >= gatherBytes && piece.length * 2 >= piece.buffer.byteLength) {
      this.#chunks.push(piece);
      this.#room = undefined;
      return;
    }
    this.#gather(piece);
  }

  /** The oldest bytes, owned by the caller. */
  shift(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#length -= chunk.length;
    // The caller owns the chunk now: what is left of its buffer must not be appended to a later one.
    if (this.#chunks.length === 0) this.#room = undefined;
    return chunk;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#room = undefined;
    this.#length = 0;
  }

  #gather(piece: Uint8Array): void {
    const last = this.#chunks.at(-1);
    const room = this.#room;
    if (last !== undefined && room !== undefined && room.length >= piece.length) {
      room.set(piece);
      this.#chunks[this.#chunks.length - 1] = new Uint8Array(
        last.buffer,
        last.byteOffset,
        last.length + piece.length,
      );
      this.#room = room.subarray(piece.length);
      return;
    }
    // A first piece gets a buffer of its own size: most streams are read at once.
    const size = last === undefined ? piece.length : Math.max(gatherBytes, piece.length);
    const buffer = new Uint8Array(size);
    buffer.set(piece);
    this.#chunks.push(buffer.subarray(0, piece.length));
    this.#room = buffer.subarray(piece.length);
  }
}
