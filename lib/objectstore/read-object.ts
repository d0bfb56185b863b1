import { StoreError } from './errors.ts';
import { maxReadObjectBytes } from './limits.ts';
import type { ObjectStore } from './object-store.ts';

/** Options of {@link readObject}. */
export interface ReadOptions {
  limitBytes?: number;
  signal?: AbortSignal | undefined;
}

/** Reads a small object whole; one above `limitBytes` is refused before its bytes are fetched. */
export async function readObject(
  store: ObjectStore,
  key: string,
  { limitBytes = maxReadObjectBytes, signal }: ReadOptions = {},
): Promise<Uint8Array> {
  const content = await store.get(key, { signal });
  if (content.totalBytes > limitBytes) {
    content.body.destroy();
    const message = `the object has ${String(content.totalBytes)} bytes, more than is taken`;
    throw new StoreError('STORE_TOO_LARGE', message, key);
  }
  const bytes = new Uint8Array(content.totalBytes);
  let at = 0;
  for await (const chunk of content.body as AsyncIterable<Uint8Array>) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
