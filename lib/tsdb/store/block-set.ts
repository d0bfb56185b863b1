import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorText, makeDurable } from '../../runtime/index.ts';
import type { BlockMeta } from '../block/index.ts';
import { creationSuffix, listBlockDirs, openBlock } from '../disk/index.ts';
import type { Pacer } from '../head/index.ts';
import { StoreError } from './errors.ts';
import type { BlockInfo, StoreProblem } from './types.ts';

/** The blocks of a store's directory that can be read. */
export class BlockSet {
  readonly #blocks = new Map<string, BlockInfo>();

  /** Reads what lies in `dir`; a block that cannot be read is told of and left where it is. */
  async load(dir: string, pacer: Pacer): Promise<StoreProblem[]> {
    const problems: StoreProblem[] = [];
    for (const blockDir of listBlockDirs(dir)) {
      try {
        this.add(await readBlockInfo(blockDir));
      } catch (error) {
        const reason = errorText(error);
        const block = basename(blockDir);
        const message = `block ${block} cannot be read and is left out: ${reason}`;
        problems.push({ code: 'TSDB_BAD_BLOCK', message, reason, block });
      }
      if (pacer.isDue) await pacer.pause();
    }
    return problems;
  }

  add(block: BlockInfo): void {
    this.#blocks.set(block.ulid, block);
  }

  /** All blocks, oldest first. */
  list(): BlockInfo[] {
    return [...this.#blocks.values()].sort((a, b) => a.mint - b.mint || a.maxt - b.maxt);
  }

  get count(): number {
    return this.#blocks.size;
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const block of this.#blocks.values()) sum += block.sizeBytes;
    return sum;
  }

  /** End of the newest block, or -Infinity. */
  get maxt(): number {
    let maxt = -Infinity;
    for (const block of this.#blocks.values()) maxt = Math.max(maxt, block.maxt);
    return maxt;
  }

  /** Begin of the oldest block, or Infinity. */
  get mint(): number {
    let mint = Infinity;
    for (const block of this.#blocks.values()) mint = Math.min(mint, block.mint);
    return mint;
  }

  has(ulid: string): boolean {
    return this.#blocks.has(ulid);
  }

  /** Takes a block out of the set; `TSDB_NO_BLOCK` when there is none of this name. */
  take(ulid: string): BlockInfo {
    const block = this.#blocks.get(ulid);
    if (block === undefined) throw new StoreError('TSDB_NO_BLOCK', `there is no block ${ulid}`);
    this.#blocks.delete(ulid);
    return block;
  }
}

/** What a block's meta.json says about it, as the store tells others. */
export function blockInfo(meta: BlockMeta, dir: string, sizeBytes: number): BlockInfo {
  const { numTombstones = 0 } = meta.stats;
  return {
    ulid: meta.ulid,
    dir,
    mint: meta.minTime,
    maxt: meta.maxTime,
    numSamples: meta.stats.numSamples,
    numSeries: meta.stats.numSeries,
    sizeBytes,
    sources: meta.compaction.sources,
    ...(numTombstones > 0 ? { numTombstones } : {}),
    ...(meta.compaction.failed === true ? { hasFailed: true } : {}),
  };
}

/**
 * The block that a thread has published under its name without living to tell, made durable here as
 * well; undefined when there is none, and then nothing of it is left.
 */
export async function takePublished(
  parentDir: string,
  ulid: string,
): Promise<BlockInfo | undefined> {
  const dir = join(parentDir, ulid);
  await rm(`${dir}${creationSuffix}`, { recursive: true, force: true });
  if (!existsSync(dir)) return undefined;
  await makeDurable(parentDir);
  return await readBlockInfo(dir);
}

/** Opens a block for the time it takes to see that its parts are there and fit together. */
async function readBlockInfo(dir: string): Promise<BlockInfo> {
  const reader = openBlock(dir);
  reader.close();
  const { meta } = reader;
  if (meta.ulid !== basename(dir)) throw new Error(`its meta.json names ${meta.ulid}`);
  return blockInfo(meta, dir, await sizeOf(dir));
}

async function sizeOf(dir: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return sum;
}
