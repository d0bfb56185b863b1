import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Chunks mapped into memory, and a snapshot of the head that Prometheus writes when it stops. */
const cacheNames = /^(chunks_head|chunk_snapshot\.\d{6}\.\d{10}(\.tmp)?)$/;

/**
 * Removes what an embedded Prometheus left to start faster; all of it is in its WAL as well, which
 * has been replayed. It must not stay: a Prometheus that is started over this directory later would
 * take its series numbers for those of our WAL. Returns the names.
 */
export async function sweepForeignCaches(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => cacheNames.test(name)).sort();
  for (const name of names) await rm(join(dir, name), { recursive: true, force: true });
  return names;
}
