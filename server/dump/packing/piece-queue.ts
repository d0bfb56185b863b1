/** Bytes with a buffer of their own, which can move to another thread and back. */
export type Piece = Uint8Array<ArrayBuffer>;

/**
 * Bytes on their way to somebody else, in pieces of exactly `pieceBytes` but the last one. Who adds waits
 * while `maxPieces` of them are not taken. Pieces that come back are filled again.
 */
export class PieceQueue {
  readonly #pieceBytes: number;
  readonly #maxPieces: number;
  readonly #full: Piece[] = [];
  readonly #spare: Piece[] = [];
  #piece: Piece | undefined;
  #filled = 0;
  #isEnded = false;
  #failure: { error: Error } | undefined;
  /** Wakes who adds, and who takes. */
  #onTaken: () => void = () => undefined;
  #onAdded: () => void = () => undefined;

  constructor(pieceBytes: number, maxPieces: number) {
    this.#pieceBytes = pieceBytes;
    this.#maxPieces = maxPieces;
  }

  /** Copies the bytes; resolves when there is room for more. */
  async add(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      this.#piece ??= this.#spare.pop() ?? new Uint8Array(this.#pieceBytes);
      const part = bytes.subarray(at, at + this.#pieceBytes - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#pieceBytes) this.#complete();
    }
    while (this.#full.length >= this.#maxPieces) {
      await new Promise<void>((resolve) => (this.#onTaken = resolve));
    }
  }

  /** There is nothing more to come. */
  end(): void {
    if (this.#filled > 0) this.#complete();
    this.#isEnded = true;
    this.#onAdded();
  }

  /** There is nothing more to be had; whoever takes is told why. */
  fail(error: Error): void {
    this.#failure ??= { error };
    this.#onAdded();
  }

  /** The next piece, for the caller to keep or to give back; undefined behind the last one. */
  async take(): Promise<Piece | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const piece = this.#full.shift();
      if (piece !== undefined) {
        this.#onTaken();
        return piece;
      }
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => (this.#onAdded = resolve));
    }
  }

  /** Takes a piece back that nobody reads any more. */
  giveBack(piece: Piece): void {
    const isWhole = piece.buffer.byteLength === this.#pieceBytes;
    if (isWhole && this.#spare.length < this.#maxPieces)
      this.#spare.push(new Uint8Array(piece.buffer));
  }

  #complete(): void {
    if (this.#piece !== undefined) this.#full.push(this.#piece.subarray(0, this.#filled));
    this.#piece = undefined;
    this.#filled = 0;
    this.#onAdded();
  }
}
