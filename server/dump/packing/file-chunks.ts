import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { fileChunkBytes } from '../limits.ts';

/** What has taken bytes, and how many so far. */
interface Taker {
  readonly bytesWritten: number;
}

/**
 * Reads files in chunks for somebody who takes them, through buffers that are used again as soon as
 * what was in them is taken: files of any size leave nothing for the engine to collect.
 */
export class FileChunks {
  /** Stands in front of the taker and lets everything through, in its order. */
  readonly gate: Transform;
  readonly #taker: Taker;
  readonly #own = new Map<ArrayBufferLike, Buffer>();
  readonly #free: Buffer[] = [];
  /** What has passed the gate and may not be taken yet. */
  readonly #passed: { buffer: Buffer; endBytes: number }[] = [];
  #passedBytes = 0;

  constructor(taker: Taker) {
    this.#taker = taker;
    this.gate = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#passedBytes += chunk.length;
        const buffer = this.#own.get(chunk.buffer);
        if (buffer !== undefined) this.#passed.push({ buffer, endBytes: this.#passedBytes });
        done(null, chunk);
      },
    });
  }

  /** The chunks of a file, each good until it is taken. */
  async *of(path: string): AsyncGenerator<Buffer, void, undefined> {
    const file = await open(path);
    try {
      for (let at = 0; ;) {
        const buffer = this.#room();
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) {
          this.#free.push(buffer);
          return;
        }
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  /** A buffer that nobody uses. As many are made as the streams in between hold chunks. */
  #room(): Buffer {
    const taken = this.#taker.bytesWritten;
    for (let [first] = this.#passed; first !== undefined; [first] = this.#passed) {
      if (first.endBytes > taken) break;
      this.#free.push(first.buffer);
      this.#passed.shift();
    }
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const made = Buffer.allocUnsafeSlow(fileChunkBytes);
    this.#own.set(made.buffer, made);
    return made;
  }
}
