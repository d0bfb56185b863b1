import { assert, BufferSweep, type ThreadCall } from '../../../lib/runtime/index.ts';
import { inPieces } from './in-pieces.ts';
import { streamChunkBytes } from '../limits.ts';
import type { DumpThread } from '../ports.ts';

/** Bytes with a buffer of their own, which moves to the worker and back. */
type Piece = Uint8Array<ArrayBuffer>;

/** Takes the bytes of an archive as they are made. */
export type TakeArchive = (bytes: AsyncIterable<Uint8Array>) => Promise<void>;

/**
 * An archive that a worker makes, as the main thread sees it: bytes that are taken while it grows, and
 * that come back to be checked. The first failure, here or where the bytes are taken, ends all of it.
 */
export class ArchiveStream {
  readonly #id: string;
  readonly #thread: DumpThread;
  readonly #ended = new AbortController();
  readonly #sweep = new BufferSweep();
  #failure: { error: unknown } | undefined;
  #taken: Promise<void> | undefined;
  /** Aborted by the caller's signal, and after a failure. */
  readonly signal: AbortSignal;

  constructor(thread: DumpThread, id: string, signal: AbortSignal) {
    this.#thread = thread;
    this.#id = id;
    this.signal = AbortSignal.any([signal, this.#ended.signal]);
  }

  /** Calls the worker. */
  async call(
    method: string,
    payload: object,
    options: Omit<ThreadCall, 'signal'> = {},
  ): Promise<unknown> {
    const request = { ...payload, id: this.#id };
    return await this.#thread.call(method, request, { ...options, signal: this.signal });
  }

  /**
   * Begins to give the bytes away. Where it is said that nothing of them is kept, a chunk is good until the
   * next one is asked for: its memory then goes back to the worker.
   */
  start(take: TakeArchive, { isKept = true }: { isKept?: boolean } = {}): void {
    assert(this.#taken === undefined, 'an archive is taken once');
    this.#taken = take(this.#bytes(isKept)).catch(async (error: unknown) => {
      this.#fail(error);
      // What waits in the worker until its bytes are taken would wait for ever.
      await this.#discard();
    });
  }

  /** Waits until all is taken; throws what went wrong with it. */
  async taken(): Promise<void> {
    await this.#taken;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Gives up, and returns the error that made the others, when all is quiet. */
  async abandon(error: unknown): Promise<unknown> {
    this.#fail(error);
    await this.#discard();
    await this.#taken;
    return this.#failure?.error ?? error;
  }

  /** Holds bytes that were read back against those that were made. */
  async check(bytes: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): Promise<void> {
    const used: ArrayBuffer[] = [];
    const check = async (piece: Piece) => {
      const { length } = piece;
      const back = await this.call('dump.check', { bytes: piece }, { transfer: [piece.buffer] });
      used.push((back as Piece).buffer);
      this.#sweep.passed(length);
      onBytes(length);
    };
    let before = Promise.resolve();
    for await (const piece of inPieces(bytes, streamChunkBytes, () => used.pop())) {
      const checked = check(piece);
      // It is waited for when the next piece is on its way, or never, when the bytes end in an error.
      checked.catch(() => undefined);
      await before;
      before = checked;
    }
    await before;
    await this.call('dump.check', { bytes: null });
  }

  async *#bytes(isKept: boolean): AsyncGenerator<Uint8Array, void, undefined> {
    let used: Piece | null = null;
    for (;;) {
      const bytes: Piece | null = await this.#read(used).catch((error: unknown) => {
        // Who takes the bytes would call it an error of his own.
        this.#fail(error);
        throw error;
      });
      if (bytes === null) return;
      this.#sweep.passed(bytes.length);
      yield bytes;
      if (!isKept) used = bytes;
    }
  }

  async #read(used: Piece | null): Promise<Piece | null> {
    const transfer = used === null ? [] : [used.buffer];
    return (await this.call('dump.read', { used }, { transfer })) as Piece | null;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#ended.abort();
  }

  async #discard(): Promise<void> {
    // A thread that crashed cannot be asked, and has nothing to give up.
    await this.#thread.call('dump.discard', { id: this.#id }).catch(() => undefined);
  }
}
