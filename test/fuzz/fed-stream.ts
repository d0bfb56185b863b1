import type { ByteStream } from '../../lib/bytes/index.ts';

/** A stream whose incoming bytes are fixed and whose outgoing bytes are kept. */
export class FedStream implements ByteStream {
  readonly #pieces: Uint8Array[];
  readonly #written: Uint8Array[] = [];
  #hasEnded = false;
  #reader: ((piece: undefined) => void) | undefined;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = [...pieces];
  }

  /** What was written, until the stream was given up. */
  get written(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#written));
  }

  /** Lets the reader see the end, once it has read everything. */
  finish(): void {
    this.#hasEnded = true;
    this.#reader?.(undefined);
  }

  read(): Promise<Uint8Array | undefined> {
    const piece = this.#pieces.shift();
    if (piece !== undefined || this.#hasEnded) return Promise.resolve(piece);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#written.push(bytes.slice());
    return Promise.resolve();
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): void {
    this.finish();
  }
}
