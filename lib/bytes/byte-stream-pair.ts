import type { ByteStream } from './byte-stream.ts';

/** The stream was given up by one of its two ends; `cause` is the reason that end gave. */
export class StreamDestroyedError extends Error {
  override readonly name = 'StreamDestroyedError';
  readonly code = 'BYTES_STREAM_DESTROYED';
}

export interface ByteStreamPairOptions {
  /** Bytes that may wait unread before a write waits; 64 KiB unless told. */
  capacityBytes?: number;
  /** Largest piece one read hands out, to show readers that pieces are cut anywhere. */
  maxChunkBytes?: number;
}

/** Two ends of one in-memory connection: what one end writes, the other reads. */
export function byteStreamPair(options: ByteStreamPairOptions = {}): [ByteStream, ByteStream] {
  const there = new Pipe(options);
  const back = new Pipe(options);
  return [new PipeEnd(back, there), new PipeEnd(there, back)];
}

interface Waiter<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

/** One direction: a bounded queue with at most one reader and one writer waiting. */
class Pipe {
  readonly #capacityBytes: number;
  readonly #maxChunkBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;
  #hasEnded = false;
  #error: Error | undefined;
  #reader: Waiter<Uint8Array | undefined> | undefined;
  readonly #writers: Waiter<void>[] = [];

  constructor(options: ByteStreamPairOptions) {
    this.#capacityBytes = options.capacityBytes ?? 65_536;
    this.#maxChunkBytes = options.maxChunkBytes ?? Infinity;
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.#reader !== undefined) {
      return Promise.reject(new StreamDestroyedError('a read is already waiting'));
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#buffered > 0) return Promise.resolve(this.#take());
    if (this.#hasEnded) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#hasEnded) return Promise.reject(new StreamDestroyedError('write after end'));
    if (bytes.length > 0) {
      this.#chunks.push(bytes.slice());
      this.#buffered += bytes.length;
      this.#wakeReader();
    }
    if (this.#buffered <= this.#capacityBytes) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#writers.push({ resolve, reject });
    });
  }

  end(): void {
    this.#hasEnded = true;
    this.#wakeReader();
  }

  destroy(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#chunks.length = 0;
    this.#buffered = 0;
    this.#reader?.reject(error);
    this.#reader = undefined;
    for (const writer of this.#writers.splice(0)) writer.reject(error);
  }

  #wakeReader(): void {
    const reader = this.#reader;
    if (reader === undefined || (this.#buffered === 0 && !this.#hasEnded)) return;
    this.#reader = undefined;
    reader.resolve(this.#buffered > 0 ? this.#take() : undefined);
  }

  #take(): Uint8Array {
    const first = this.#chunks[0]!;
    const piece = first.subarray(0, this.#maxChunkBytes);
    if (piece.length < first.length) this.#chunks[0] = first.subarray(piece.length);
    else this.#chunks.shift();
    this.#buffered -= piece.length;
    if (this.#buffered <= this.#capacityBytes) {
      for (const writer of this.#writers.splice(0)) writer.resolve();
    }
    return piece;
  }
}

class PipeEnd implements ByteStream {
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;

  constructor(incoming: Pipe, outgoing: Pipe) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#incoming.read();
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#outgoing.write(bytes);
  }

  end(): Promise<void> {
    this.#outgoing.end();
    return Promise.resolve();
  }

  destroy(error?: Error): void {
    const reason = new StreamDestroyedError(
      'the stream was given up',
      error === undefined ? {} : { cause: error },
    );
    this.#incoming.destroy(reason);
    this.#outgoing.destroy(reason);
  }
}
