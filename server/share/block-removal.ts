import type { ObjectStore } from '../../lib/objectstore/index.ts';
import { ShareError } from './errors.ts';
import { blockKey, blockPrefix, type BlockArea } from './paths.ts';

/** How a block is removed. */
export interface RemovalOptions {
  area: BlockArea;
  /** Asked right before each request that deletes; false ends the removal with `SYNC_NOT_ALLOWED`. */
  mayDelete: () => boolean;
  /** Called at the moment at which the block ceases to exist. */
  onGone: () => void;
  signal: AbortSignal | undefined;
}

/**
 * Deletes a block from the file store, `meta.json` first: with it the block ceases to exist, so
 * that no reader sees a block whose chunks are going. What an interruption leaves is a half block.
 */
export async function removeRemoteBlock(
  store: ObjectStore,
  ulid: string,
  options: RemovalOptions,
): Promise<void> {
  const { area, mayDelete, onGone, signal } = options;
  const remove = async (key: string) => {
    if (!mayDelete()) {
      throw new ShareError('SYNC_NOT_ALLOWED', 'this node may not delete in the file store now');
    }
    await store.delete(key, { signal });
  };
  await remove(blockKey(ulid, 'meta.json', area));
  onGone();
  // Listed first, deleted then: a listing that runs while its keys vanish may skip some.
  const keys: string[] = [];
  const prefix = blockPrefix(ulid, area);
  for await (const entry of store.list({ prefix, signal })) keys.push(entry.key);
  for (const key of keys) await remove(key);
}
