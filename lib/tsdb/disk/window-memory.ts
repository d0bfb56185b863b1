/**
 * Memory for the windows of a source, all of one size. Of those that were left behind one is kept, and is
 * overwritten only after {@link release}; the others are the engine's as soon as nobody uses them.
 */
export class WindowMemory {
  readonly #bytes: number;
  /** Was left behind since the last release: it may still be in use. */
  #left: ArrayBuffer | undefined;
  #spare: ArrayBuffer | undefined;

  constructor(windowBytes: number) {
    this.#bytes = windowBytes;
  }

  take(): Uint8Array<ArrayBuffer> {
    const room = this.#spare ?? new ArrayBuffer(this.#bytes);
    this.#spare = undefined;
    return new Uint8Array(room);
  }

  /** Gives back what {@link take} gave; views of it may still be in use. */
  leave({ buffer }: Uint8Array<ArrayBuffer>): void {
    this.#left ??= buffer;
  }

  /** Nothing that was left is in use any more. */
  release(): void {
    this.#spare ??= this.#left;
    this.#left = undefined;
  }

  close(): void {
    this.#left = undefined;
    this.#spare = undefined;
  }
}
