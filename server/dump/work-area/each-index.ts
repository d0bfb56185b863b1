import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import { codeOf } from '../../../lib/runtime/index.ts';
import { blockKey } from '../../share/index.ts';
import { fetchObject } from './fetch-object.ts';
import type { SourceBlock } from '../selection/index.ts';

/**
 * Gives `look` a directory for each block, one after another, with its index at least: of those in the
 * file store only that is fetched, into `parentDir`, and goes afterwards.
 */
export async function eachIndex(
  blocks: readonly SourceBlock[],
  from: { store: ObjectStore; parentDir: string; signal: AbortSignal },
  look: (dir: string) => Promise<void>,
): Promise<void> {
  const { parentDir, signal, store } = from;
  for (const source of blocks) {
    if (source.kind === 'local') {
      await look(source.dir);
      continue;
    }
    const dir = join(parentDir, source.ulid);
    try {
      await mkdir(join(dir, 'chunks'), { recursive: true, mode: 0o700 });
      for (const file of ['meta.json', 'index']) {
        const key = blockKey(source.ulid, file, source.area);
        await fetchObject(store, key, join(dir, file), signal);
      }
      await look(dir);
    } catch (error) {
      // Deleted since it was listed: it will not be in the dump.
      if (codeOf(error) !== 'STORE_NOT_FOUND') throw error;
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}
