import { Readable } from 'node:stream';
import { StoreError } from '../errors.ts';
import { maxTries } from '../limits.ts';
import type { RemoteContent } from './remote-client.ts';
import { errorOf, pause, type TryOptions } from './retry.ts';

/** What {@link RemoteBody} needs besides its first content. */
export interface RemoteBodyOptions extends TryOptions {
  /** Asks for the object again from a byte on. */
  reopen: (start: number) => Promise<RemoteContent>;
}

/**
 * The bytes of an object that goes on after its connection broke: what is missing is asked for
 * again, as long as each try brings something.
 */
export class RemoteBody extends Readable {
  readonly #options: RemoteBodyOptions;
  readonly #first: RemoteContent;
  readonly #stop = new AbortController();
  #source: Readable;
  #chunks: AsyncIterator<Uint8Array>;
  #at: number;
  /** Tries in a row that brought nothing. */
  #failures = 0;

  constructor(first: RemoteContent, options: RemoteBodyOptions) {
    super({ highWaterMark: 256 * 1024 });
    this.#options = options;
    this.#first = first;
    this.#source = watched(first.body);
    this.#chunks = chunksOf(first.body);
    this.#at = first.start;
    const { signal } = options;
    const onAbort = () => {
      this.destroy(new StoreError('STORE_ABORTED', 'given up by the caller', options.key));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.once('close', () => signal?.removeEventListener('abort', onAbort));
  }

  override _read(): void {
    this.#next().then(
      (chunk) => {
        if (!this.destroyed) this.push(chunk);
      },
      (error: unknown) => {
        this.destroy(error as Error);
      },
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stop.abort();
    this.#source.destroy();
    done(error);
  }

  /** The next chunk; null behind the last byte. */
  async #next(): Promise<Uint8Array | null> {
    const { key } = this.#options;
    for (;;) {
      const left = this.#first.end - this.#at;
      if (left === 0) {
        this.#source.destroy();
        return null;
      }
      let failure: unknown;
      try {
        const step = await this.#chunks.next();
        if (step.done !== true) {
          if (step.value.length === 0) continue;
          if (step.value.length > left) throw new StoreError('STORE_FAILED', 'too many bytes', key);
          this.#failures = 0;
          this.#at += step.value.length;
          return step.value;
        }
      } catch (error) {
        failure = error;
      }
      if (this.destroyed) return null;
      await this.#resume(failure);
    }
  }

  async #resume(failure: unknown): Promise<void> {
    const { clock, rng, explain, key, reopen } = this.#options;
    if (failure instanceof StoreError) throw failure;
    const fault = failure === undefined ? undefined : explain(failure);
    this.#failures++;
    if (fault?.isRetryable === false || this.#failures >= maxTries) {
      if (fault !== undefined) throw errorOf(fault, key);
      const message = `the object ends at byte ${String(this.#at)} of ${String(this.#first.end)}`;
      throw new StoreError('STORE_TRUNCATED', message, key);
    }
    this.#source.destroy();
    if (this.#failures > 1) {
      await pause({ clock, rng, signal: this.#stop.signal }, this.#failures - 1);
    }
    const content = await reopen(this.#at);
    watched(content.body);
    // Destroyed while the answer was on its way: nobody else ends this one.
    if (this.destroyed) content.body.destroy();
    if (content.etag !== this.#first.etag || content.start !== this.#at) {
      content.body.destroy();
      throw new StoreError('STORE_TRUNCATED', 'the object was replaced while it was read', key);
    }
    this.#source = content.body;
    this.#chunks = chunksOf(content.body);
  }
}

/**
 * A body may break before anybody reads on, and an error that nobody listens to ends the process;
 * whoever reads it then gets the error all the same.
 */
function watched(body: Readable): Readable {
  return body.on('error', () => undefined);
}

function chunksOf(body: Readable): AsyncIterator<Uint8Array> {
  return body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
}
