import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '../../lib/objectstore/index.ts';

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
