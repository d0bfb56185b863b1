import { lstatSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

import { codeOf } from '../../lib/runtime/index.ts';
import {
  isBlockDirectory,
  listBlockDirs,
  openBlock,
  readBlockMeta,
  type BlockMeta,
  type BlockReader,
} from '../../lib/tsdb/index.ts';
import { UsageError } from './errors.ts';

/** A block on the disk that can be read. */
export interface StoredBlock {
  readonly dir: string;
  readonly meta: BlockMeta;
  readonly sizeBytes: number;
}

/** What is wrong with a block that cannot be read; told, and then it is left out. */
export type TellTrouble = (name: string, error: unknown) => void;

/** Which blocks are meant. */
export interface BlockChoice {
  readonly dir: string;
  readonly block: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The blocks of a data directory or dump, oldest first; the one block when it is one itself. */
export function storedBlocks(choice: BlockChoice, tell: TellTrouble): StoredBlock[] {
  const { block, dir, fromMs, toMs } = choice;
  const dirs = isBlockDirectory(dir) ? [resolve(dir)] : listBlockDirs(dir);
  const found = dirs.flatMap((blockDir) => {
    if (block !== undefined && basename(blockDir) !== block) return [];
    return tolerant(blockDir, tell, () => {
      const sizeBytes = sizeOf(blockDir);
      return { dir: blockDir, meta: readBlockMeta(blockDir), sizeBytes };
    });
  });
  if (block !== undefined && !dirs.some((blockDir) => basename(blockDir) === block)) {
    throw new UsageError(`there is no block ${block}`);
  }
  return found
    .filter(({ meta }) => meta.minTime < toMs && meta.maxTime > fromMs)
    .sort((a, b) => a.meta.minTime - b.meta.minTime || a.meta.maxTime - b.meta.maxTime);
}

/** Opens one block after the other; one that is damaged is told of, and the next one comes. */
export function* openBlocks(
  choice: BlockChoice,
  tell: TellTrouble,
): Generator<{ reader: BlockReader; meta: BlockMeta; tolerate: (error: unknown) => void }> {
  for (const { dir, meta } of storedBlocks(choice, tell)) {
    const tolerate = (error: unknown): void => {
      if (!isExpected(error)) throw error;
      tell(basename(dir), error);
    };
    let reader: BlockReader;
    try {
      reader = openBlock(dir);
    } catch (error) {
      tolerate(error);
      continue;
    }
    try {
      yield { reader, meta, tolerate };
    } finally {
      reader.close();
    }
  }
}

function tolerant<T>(dir: string, tell: TellTrouble, work: () => T): T[] {
  try {
    return [work()];
  } catch (error) {
    if (!isExpected(error)) throw error;
    tell(basename(dir), error);
    return [];
  }
}

/** What damaged files and the file system give; anything else is a mistake of ours. */
function isExpected(error: unknown): boolean {
  return codeOf(error) !== undefined;
}

/** Bytes of all files. Refuses links, pipes and devices: opening one could wait for ever. */
function sizeOf(dir: string): number {
  let sizeBytes = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const stat = lstatSync(join(entry.parentPath, entry.name));
    if (!stat.isFile()) {
      const message = `${entry.name} is not a regular file`;
      throw Object.assign(new Error(message), { code: 'CHECK_NOT_A_FILE' });
    }
    sizeBytes += stat.size;
  }
  return sizeBytes;
}
