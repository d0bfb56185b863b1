import { readdir, stat } from 'node:fs/promises';
import type { Dirent, Stats } from 'node:fs';
import { join } from 'node:path';
import { compareUtf8 } from '../bytes/index.ts';
import { codeOf } from '../runtime/index.ts';
import { StoreError } from './errors.ts';
import { isKeySegment, temporaryMark } from './keys.ts';
import { maxDirectoryEntries, maxKeySegments, temporaryMaxAgeMs } from './limits.ts';
import { removeFile } from './local-files.ts';
import type { ListEntry } from './object-store.ts';

interface Walk {
  root: string;
  prefix: string;
  isFolded: boolean;
  nowMs: number;
  signal: AbortSignal | undefined;
}

/** Lists files below `root` as keys in byte order; one directory at a time is held in memory. */
export function listLocal(
  root: string,
  prefix: string,
  isFolded: boolean,
  nowMs: number,
  signal?: AbortSignal,
): AsyncGenerator<ListEntry, void, undefined> {
  const directory = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  return walk({ root, prefix, isFolded, nowMs, signal }, directory);
}

/** `directory` is empty or ends in a slash. */
async function* walk(context: Walk, directory: string): AsyncGenerator<ListEntry, void, undefined> {
  const { root, prefix, isFolded, signal } = context;
  for (const name of await sortedNames(context, directory)) {
    if (signal?.aborted === true) {
      throw new StoreError('STORE_ABORTED', 'given up by the caller', prefix);
    }
    const key = directory + name;
    if (!key.startsWith(prefix)) {
      // A prefix that ends within this directory's name selects nothing below others.
      continue;
    }
    if (!key.endsWith('/')) {
      const found = await statFile(join(root, key));
      if (found !== undefined) yield { kind: 'object', key, ...found };
    } else if (!isFolded) {
      if (key.split('/').length <= maxKeySegments) yield* walk(context, key);
    } else if (await hasObject(context, key)) {
      yield { kind: 'prefix', key };
    }
  }
}

/** A directory without any file in it is no prefix: object stores do not know empty directories. */
async function hasObject(context: Walk, key: string): Promise<boolean> {
  const below = walk({ ...context, prefix: key, isFolded: false }, key);
  for await (const entry of below) return entry.key !== '';
  return false;
}

/** Names in one directory, those of directories with a slash, in the byte order of keys. */
async function sortedNames(context: Walk, directory: string): Promise<string[]> {
  const path = join(context.root, directory);
  const entries = await readEntries(path);
  if (entries.length > maxDirectoryEntries) {
    const message = `more than ${String(maxDirectoryEntries)} names in one directory`;
    throw new StoreError('STORE_TOO_LARGE', message, directory);
  }
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.name.includes(temporaryMark))
      await removeIfOld(join(path, entry.name), context.nowMs);
    else if (isKeySegment(entry.name))
      names.push((await isDirectory(entry, path)) ? `${entry.name}/` : entry.name);
  }
  return names.sort(compareUtf8);
}

async function readEntries(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Symbolic links count as what they lead to: administrators move directories to other disks. */
async function isDirectory(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const stats = await statIfThere(join(path, entry.name));
  return stats?.isDirectory() === true;
}

async function statFile(
  path: string,
): Promise<{ sizeBytes: number; modifiedMs: number } | undefined> {
  const stats = await statIfThere(path);
  if (stats?.isFile() !== true) return undefined;
  return { sizeBytes: stats.size, modifiedMs: Math.trunc(stats.mtimeMs) };
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

async function removeIfOld(path: string, nowMs: number): Promise<void> {
  const stats = await statIfThere(path);
  if (stats?.isFile() === true && nowMs - stats.mtimeMs > temporaryMaxAgeMs) await removeFile(path);
}
