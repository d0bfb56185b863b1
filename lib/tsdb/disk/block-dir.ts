import { readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { ByteSource } from '../byte-source.ts';
import { BlockReader, parseBlockMeta, parseTombstones, type Tombstones } from '../block/index.ts';
import type { BlockMeta } from '../block/index.ts';
import { chunkSegmentName } from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import { maxMetaBytes, maxTombstonesBytes } from '../limits.ts';
import { isUlid } from '../ulid.ts';
import { renameDurably, syncDirectory } from './durable.ts';
import { FileSource } from './file-source.ts';
import { PieceSource } from './piece-source.ts';

/** Endings of directories that a crash may leave; nobody reads them. */
export const creationSuffix = '.tmp-for-creation';
export const deletionSuffix = '.tmp-for-deletion';
const temporaryName = /^(.+)\.tmp(-for-(creation|deletion))?$/;

/** Opens the block in `dir`, of which files may lie in pieces; the caller closes the reader. */
export function openBlock(dir: string): BlockReader {
  const meta = readBlockMeta(dir);
  const opened: ByteSource[] = [];
  const open = (...path: string[]): ByteSource => {
    const file = join(dir, ...path);
    const isInPieces = statSync(file).isDirectory();
    const source = isInPieces ? new PieceSource(file) : new FileSource(file);
    opened.push(source);
    return source;
  };
  try {
    const tombstones = readTombstones(dir);
    const segments = listSegments(dir).map((name) => open('chunks', name));
    return new BlockReader({ meta, index: open('index'), segments, tombstones });
  } catch (error) {
    for (const source of opened) source.close?.();
    throw error;
  }
}

/** What meta.json in `dir` says. */
export function readBlockMeta(dir: string): BlockMeta {
  return parseBlockMeta(readSmallFile(join(dir, 'meta.json'), maxMetaBytes));
}

/** Directories in `parentDir` whose names are ULIDs, sorted, as full paths. */
export function listBlockDirs(parentDir: string): string[] {
  return readdirSync(parentDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isUlid(entry.name))
    .map((entry) => join(parentDir, entry.name))
    .sort();
}

/** Removes a block in a way that a crash cannot leave half a block behind. */
export function deleteBlock(dir: string): void {
  hideBlock(dir);
  rmSync(`${dir}${deletionSuffix}`, { recursive: true, force: true });
}

/** Ends a block durably: what is left of it is for {@link sweepDeleted}. */
export function hideBlock(dir: string): void {
  const doomed = `${dir}${deletionSuffix}`;
  rmSync(doomed, { recursive: true, force: true });
  renameSync(dir, doomed);
  syncDirectory(dirname(dir));
}

/** Removes what is left of blocks that were deleted in `parentDir`. */
export function sweepDeleted(parentDir: string): void {
  sweep(parentDir, (name) => name.endsWith(deletionSuffix));
}

/** Removes what unfinished work has left in `parentDir`; returns the names. */
export function sweepTemporary(parentDir: string): string[] {
  return sweep(parentDir, () => true);
}

function sweep(parentDir: string, isMeant: (name: string) => boolean): string[] {
  const removed: string[] = [];
  for (const entry of readdirSync(parentDir, { withFileTypes: true })) {
    const stem = temporaryName.exec(entry.name)?.[1];
    if (!entry.isDirectory() || stem === undefined || !isUlid(stem)) continue;
    if (!isMeant(entry.name)) continue;
    rmSync(join(parentDir, entry.name), { recursive: true, force: true });
    removed.push(entry.name);
  }
  return removed;
}

/** Makes a finished block visible under its name. */
export function publishBlock(temporaryDir: string, dir: string): void {
  syncDirectory(temporaryDir);
  renameDurably(temporaryDir, dir);
}

function listSegments(dir: string): string[] {
  const names = readdirSync(join(dir, 'chunks'))
    .filter((name) => /^\d+$/.test(name))
    .sort();
  names.forEach((name, index) => {
    if (name === chunkSegmentName(index)) return;
    throw new TsdbError('TSDB_CORRUPT', `chunk segment ${chunkSegmentName(index)} is missing`, {
      path: join(basename(dir), 'chunks'),
    });
  });
  return names;
}

/** A block without tombstones file has none. */
function readTombstones(dir: string): Tombstones {
  const path = join(dir, 'tombstones');
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return new Map();
  return parseTombstones(readSmallFile(path, maxTombstonesBytes));
}

function readSmallFile(path: string, limit: number): Uint8Array {
  const { size } = statSync(path);
  if (size > limit) throw new TsdbError('TSDB_LIMIT', `file of ${String(size)} bytes`, { path });
  return new Uint8Array(readFileSync(path));
}
