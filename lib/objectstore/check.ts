import { StoreError } from './errors.ts';
import type { CallOptions, ObjectStore } from './object-store.ts';
import { readObject } from './read-object.ts';

/** The check of a driver by the operations of its interface alone. */
export async function probeStore(
  store: ObjectStore,
  key: string,
  options: CallOptions = {},
): Promise<void> {
  const probe = new TextEncoder().encode('written to see that the file store works\n');
  await store.put(key, probe, { sizeBytes: probe.length, ...options });
  const read = await readObject(store, key, { ...options });
  await store.delete(key, options);
  if (Buffer.compare(read, probe) !== 0) {
    throw new StoreError('STORE_FAILED', 'the store gave back other bytes than were written', key);
  }
}
