import { existsSync } from 'node:fs';
import { codeOf, errorText } from '../../runtime/index.ts';
import type { BlockSet } from './block-set.ts';
import type { DeleteBlocks } from './delete-blocks.ts';
import { StoreError } from './errors.ts';
import type { Problems } from './problems.ts';
import type { BlockInfo, StoreThread } from './types.ts';

/** What deleting works on. */
export interface BlockRemoverParts {
  dir: string;
  thread: StoreThread;
  blocks: BlockSet;
  problems: Problems;
}

/** Deletes blocks in the store's thread; what failed is told until it has succeeded. */
export class BlockRemover {
  readonly #parts: BlockRemoverParts;
  readonly #running = new Set<Promise<void>>();
  /** Blocks that are still there, whole, although they were to go. */
  readonly #failed = new Set<string>();
  /** Files lie about of a block that is none any more. */
  #hasRest = false;
  #isStopped = false;

  constructor(parts: BlockRemoverParts) {
    this.#parts = parts;
  }

  /**
   * Removes a block from the set at once and then from the disk; back in the set when it stays there.
   * Rejects with `TSDB_NO_BLOCK` or `TSDB_DELETE_FAILED`.
   */
  async remove(ulid: string): Promise<void> {
    await this.#track(this.#delete(this.#parts.blocks.take(ulid)));
  }

  /** Tries again to remove what is left of blocks. Never rejects: see `Store.problems`. */
  async tidy(): Promise<void> {
    if (!this.#hasRest || this.#isStopped) return;
    try {
      await this.#track(this.#call([]));
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Waits for what is under way; nothing is tidied any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#running);
  }

  async #track(run: Promise<void>): Promise<void> {
    this.#running.add(run);
    await run.finally(() => this.#running.delete(run));
  }

  async #delete(block: BlockInfo): Promise<void> {
    const { ulid, dir } = block;
    try {
      await this.#call([ulid]);
    } catch (error) {
      const isThere = existsSync(dir);
      // Somebody else has removed it: what was asked for is so.
      if (!isThere && codeOf(error) === 'ENOENT') return;
      if (isThere) this.#parts.blocks.add(block);
      if (isThere) this.#failed.add(ulid);
      else this.#hasRest = true;
      this.#tell(error);
      const message = `block ${ulid} could not be deleted: ${errorText(error)}`;
      throw new StoreError('TSDB_DELETE_FAILED', message, { path: dir, cause: error });
    } finally {
      if (!this.#parts.blocks.has(ulid)) this.#failed.delete(ulid);
      this.#clear();
    }
  }

  async #call(ulids: string[]): Promise<void> {
    const { dir, thread } = this.#parts;
    const payload: DeleteBlocks = { dir, ulids };
    await thread.call('tsdb.deleteBlocks', payload);
    // The handler leaves nothing of what others before it have left.
    this.#hasRest = false;
    this.#clear();
  }

  #tell(error: unknown): void {
    const reason = errorText(error);
    const message = `deleting a block failed and will be tried again: ${reason}`;
    this.#parts.problems.set('delete', { code: 'TSDB_DELETE_FAILED', message, reason });
  }

  #clear(): void {
    if (this.#failed.size === 0 && !this.#hasRest) this.#parts.problems.clear('delete');
  }
}
