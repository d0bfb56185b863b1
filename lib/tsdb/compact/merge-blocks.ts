import type { ThreadContext } from '../../runtime/index.ts';
import type { BlockMeta, BlockReader, JsonObject } from '../block/index.ts';
import { openBlock } from '../disk/index.ts';
import { rewriteBlocks } from '../rewrite/index.ts';

/** What a thread needs to make one block out of several. */
export interface MergeBlocks {
  /** Directories of the blocks, oldest first. Where two have a sample at one time, the first wins. */
  readonly dirs: readonly string[];
  /** Directory that gets the new block. */
  readonly parentDir: string;
  readonly ulid: string;
  /** Further top-level keys of meta.json. */
  readonly extra?: JsonObject;
}

/** The new block; null when nothing was left of the old ones, which then are to be deleted. */
export type MergedBlocks = {
  readonly meta: BlockMeta;
  readonly dir: string;
  readonly sizeBytes: number;
} | null;

/**
 * Merges whole blocks into one that covers their ranges, durably; the sources stay. A handler for
 * `serveThread`: it takes as long as there is to read.
 */
export function mergeBlocks(
  payload: MergeBlocks,
  context: Pick<ThreadContext, 'checkCancelled'>,
): MergedBlocks {
  const { dirs, parentDir, ulid, extra } = payload;
  const sources: BlockReader[] = [];
  try {
    for (const dir of dirs) sources.push(openBlock(dir));
    const mint = Math.min(...sources.map(({ meta }) => meta.minTime));
    const maxt = Math.max(...sources.map(({ meta }) => meta.maxTime));
    const written = rewriteBlocks({
      ...{ sources, mint, maxt, parentDir, ulid, metaRange: { mint, maxt } },
      checkCancelled: () => {
        context.checkCancelled();
      },
      ...(extra === undefined ? {} : { extra }),
    });
    if (written === undefined) return null;
    const { meta, dir, sizeBytes } = written;
    return { meta, dir, sizeBytes };
  } finally {
    for (const source of sources) source.close();
  }
}
