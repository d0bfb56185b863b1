import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import { BufferSweep, type Clock } from '../../../lib/runtime/index.ts';
import { blockKey } from '../../share/index.ts';
import { fetchedPieceBytes } from '../limits.ts';
import type { SourceBlock } from '../selection/index.ts';
import type { StorePace } from './store-pace.ts';

/** Copies an object of the file store to a new file. */
export async function fetchObject(
  store: ObjectStore,
  key: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const { body } = await store.get(key, { signal });
  await pipeline(body, createWriteStream(target, { flags: 'wx', mode: 0o600 }), { signal });
}

/** Copies an object of the file store to a new directory, in pieces that are read as one (`lib/tsdb`). */
async function fetchInPieces(
  store: ObjectStore,
  key: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  const { body } = await store.get(key, { signal });
  const piece = new Uint8Array(fetchedPieceBytes);
  const sweep = new BufferSweep();
  let filled = 0;
  let count = 0;
  const write = async () => {
    const path = join(target, String(count++).padStart(pieceNameDigits, '0'));
    await writeFile(path, piece.subarray(0, filled), { flag: 'wx', mode: 0o600, signal });
    filled = 0;
  };
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === piece.length) await write();
    }
    sweep.passed(bytes.length);
  }
  if (filled > 0) await write();
}

/** Pieces of the largest segment that there can be have names of one length. */
const pieceNameDigits = 8;

/** How a block is laid down: chunks that are read once and in order may lie in pieces, which go one by one. */
export interface FetchOptions {
  isInPieces?: boolean;
}

/** Copies a block of the file store to a new directory. */
export async function fetchBlock(
  from: { clock: Pick<Clock, 'monotonicMs'>; store: ObjectStore; storePace?: StorePace },
  source: SourceBlock & { kind: 'remote' },
  dir: string,
  signal: AbortSignal,
  { isInPieces = false }: FetchOptions = {},
): Promise<void> {
  const startedMs = from.clock.monotonicMs();
  // Readers want the directory even when there are no chunks.
  await mkdir(join(dir, 'chunks'), { recursive: true, mode: 0o700 });
  for (const { path } of source.block.blockFiles) {
    const key = blockKey(source.ulid, path, source.area);
    const fetch = isInPieces && path.startsWith('chunks/') ? fetchInPieces : fetchObject;
    await fetch(from.store, key, join(dir, path), signal);
  }
  from.storePace?.got(source.sizeBytes, from.clock.monotonicMs() - startedMs);
}
