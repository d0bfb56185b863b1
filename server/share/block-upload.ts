import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../lib/objectstore/index.ts';
import { BufferSweep, codeOf } from '../../lib/runtime/index.ts';
import type { BlockFile } from './block-catalog.ts';
import { sharedMeta, type BlockLabels } from './block-meta.ts';
import { ShareError } from './errors.ts';
import { maxMetaBytes, readBytes } from './limits.ts';
import { blockKey, blockPrefix, type BlockArea } from './paths.ts';

/** What is written beside a block's own facts. */
export interface UploadFacts {
  labels: BlockLabels;
  /** Number of the lease under which the block is uploaded. */
  epoch: number;
  pluginVersion: string;
  nowMs: number;
}

/** A block on the own disk and where it goes. */
export interface Upload {
  ulid: string;
  dir: string;
  area: BlockArea;
}

/**
 * Copies a block to the file store: chunks, index, tombstones, then, once the sizes of all of them
 * are verified there, `meta.json`, with which the block begins to exist. An upload that was
 * interrupted goes on with the first file that is not there whole.
 */
export async function uploadBlock(
  store: ObjectStore,
  block: Upload,
  facts: UploadFacts,
  signal: AbortSignal | undefined,
): Promise<void> {
  const files = await localFiles(block.dir);
  const localMeta = await readLocalMeta(block.dir);
  const there = await uploadedSizes(store, block, signal);
  for (const file of files) {
    if (there.get(file.path) !== file.sizeBytes) await uploadFile(store, block, file, signal);
  }
  for (const file of files) await verifySize(store, block, file, signal);
  const { labels, epoch, pluginVersion, nowMs: uploadMs } = facts;
  const meta = sharedMeta(localMeta, { labels, files, uploadMs, epoch, pluginVersion });
  const key = blockKey(block.ulid, 'meta.json', block.area);
  await store.put(key, meta, { sizeBytes: meta.length, signal });
  await verifySize(store, block, { path: 'meta.json', sizeBytes: meta.length }, signal);
}

/** Sizes of what an earlier upload left; nothing when there is a `meta.json`, which nobody can vouch for. */
async function uploadedSizes(
  store: ObjectStore,
  { ulid, area }: Upload,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const prefix = blockPrefix(ulid, area);
  for await (const entry of store.list({ prefix, signal })) {
    if (entry.kind === 'object') sizes.set(entry.key.slice(prefix.length), entry.sizeBytes);
  }
  return sizes.has('meta.json') ? new Map<string, number>() : sizes;
}

/** Files of a block in the order of upload, without `meta.json`. */
async function localFiles(dir: string): Promise<BlockFile[]> {
  try {
    const segments = (await readdir(join(dir, 'chunks'))).filter((name) => /^\d{6}$/.test(name));
    const paths = [...segments.sort().map((name) => `chunks/${name}`), 'index'];
    const files = await Promise.all(paths.map((path) => measure(dir, path)));
    // Tombstones are optional for every reader.
    const tombstones = await measure(dir, 'tombstones').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    return tombstones === undefined ? files : [...files, tombstones];
  } catch (cause) {
    throw localBlockError(cause);
  }
}

async function measure(dir: string, path: string): Promise<BlockFile> {
  return { path, sizeBytes: (await stat(join(dir, path))).size };
}

async function readLocalMeta(dir: string): Promise<Uint8Array> {
  const path = join(dir, 'meta.json');
  try {
    if ((await stat(path)).size > maxMetaBytes) throw new Error('meta.json is too large');
    return await readFile(path);
  } catch (cause) {
    throw localBlockError(cause);
  }
}

async function uploadFile(
  store: ObjectStore,
  block: Upload,
  file: BlockFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const body = createReadStream(join(block.dir, file.path), { highWaterMark: readBytes });
  let localFailure: Error | undefined;
  body.once('error', (cause) => {
    localFailure = cause;
  });
  try {
    const options = { sizeBytes: file.sizeBytes, signal };
    await store.put(blockKey(block.ulid, file.path, block.area), swept(body), options);
  } catch (cause) {
    if (localFailure !== undefined) throw localBlockError(localFailure);
    throw cause;
  } finally {
    body.destroy();
  }
}

/** Frees the buffers of a large file behind it: the process would keep what they take at most. */
async function* swept(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const sweep = new BufferSweep();
  for await (const chunk of body) {
    yield chunk;
    sweep.passed(chunk.length);
  }
}

async function verifySize(
  store: ObjectStore,
  { ulid, area }: Upload,
  file: BlockFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = blockKey(ulid, file.path, area);
  const sizeBytes = (await store.head(key, { signal }))?.sizeBytes;
  if (sizeBytes === file.sizeBytes) return;
  const found = sizeBytes === undefined ? 'nothing' : `${String(sizeBytes)} bytes`;
  const message = `${key} has ${String(file.sizeBytes)} bytes here and ${found} in the file store`;
  throw new ShareError('SYNC_VERIFY_FAILED', message);
}

function localBlockError(cause: unknown): ShareError {
  const code = codeOf(cause) ?? 'unreadable';
  return new ShareError('SYNC_LOCAL_BLOCK', `a local block cannot be read (${code})`, { cause });
}
