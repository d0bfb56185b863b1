import type { ObjectStore } from '../../lib/objectstore/index.ts';
import { blockKey, blockPrefix } from './paths.ts';

/**
 * Deletes a block from the file store, `meta.json` first: with it the block ceases to exist, so
 * that no reader sees a block whose chunks are going. `onGone` is called at that moment.
 */
export async function removeRemoteBlock(
  store: ObjectStore,
  ulid: string,
  onGone: () => void,
): Promise<void> {
  await store.delete(blockKey(ulid, 'meta.json'));
  onGone();
  // Listed first, deleted then: a listing that runs while its keys vanish may skip some.
  const keys: string[] = [];
  for await (const entry of store.list({ prefix: blockPrefix(ulid) })) keys.push(entry.key);
  for (const key of keys) await store.delete(key);
}
