import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

import { fileBufferBytes } from '../limits.ts';

/** Appends to a new file through a buffer, which others may use afterwards; {@link close} makes it durable. */
export class FileSink {
  /** Bytes appended so far. */
  length = 0;
  readonly #buffer: Uint8Array;
  #fd: number | undefined;
  #used = 0;

  /** Creates the file; one that exists already is an error. */
  constructor(path: string, buffer = new Uint8Array(fileBufferBytes)) {
    this.#buffer = buffer;
    this.#fd = openSync(path, 'wx');
  }

  write(bytes: Uint8Array): void {
    this.length += bytes.length;
    if (this.#used + bytes.length > this.#buffer.length) this.#flush();
    if (bytes.length >= this.#buffer.length) this.#writeAll(bytes);
    else {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  /** Writes what is buffered, fsyncs and closes; what is only for the moment needs no fsync. */
  close(isTemporary = false): void {
    if (this.#fd === undefined) return;
    try {
      this.#flush();
      if (!isTemporary) fsyncSync(this.#fd);
    } finally {
      this.abandon();
    }
  }

  /** Closes without caring for the content; for clean-up after a failure. */
  abandon(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #writeAll(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      done += writeSync(this.#fd!, bytes, done, bytes.length - done);
    }
  }
}
