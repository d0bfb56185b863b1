import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import type { Clock } from '../../../lib/runtime/index.ts';
import { blockKey } from '../../share/index.ts';
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

/** Copies a block of the file store to a new directory. */
export async function fetchBlock(
  from: { clock: Pick<Clock, 'monotonicMs'>; store: ObjectStore; storePace?: StorePace },
  source: SourceBlock & { kind: 'remote' },
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = from.clock.monotonicMs();
  // Readers want the directory even when there are no chunks.
  await mkdir(join(dir, 'chunks'), { recursive: true, mode: 0o700 });
  for (const { path } of source.block.blockFiles) {
    const key = blockKey(source.ulid, path, source.area);
    await fetchObject(from.store, key, join(dir, path), signal);
  }
  from.storePace?.got(source.sizeBytes, from.clock.monotonicMs() - startedMs);
}
