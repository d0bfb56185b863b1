import { join } from 'node:path';
import { hideBlock, sweepDeleted } from '../disk/index.ts';

/** Payload of the method `tsdb.deleteBlocks`. */
export interface DeleteBlocks {
  /** Directory of the store. */
  dir: string;
  /** Blocks to delete; without any, only what earlier deletions have left is removed. */
  ulids: readonly string[];
}

/**
 * Deletes blocks durably, and what is left of deletions that failed half way. Runs in a worker: there
 * it comes behind whatever reads or writes blocks already.
 */
export function deleteBlocks({ dir, ulids }: DeleteBlocks): void {
  for (const ulid of ulids) hideBlock(join(dir, ulid));
  sweepDeleted(dir);
}
