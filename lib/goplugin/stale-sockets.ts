import { lstat, opendir, readdir, rmdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { maxStaleSockets, staleSocketMs } from './limits.ts';

/** Names of the directories that `mkdtemp` makes for our sockets. */
const namePattern = /^plugin-[A-Za-z0-9]{6}$/;

/**
 * Removes directories of sockets whose plugin was killed before its host connected; any other removes
 * its own. A directory goes when it has our name, our owner and our one socket, is older than any
 * plugin waits for its host, and nobody listens in it. Never rejects: what cannot be removed stays.
 */
export async function removeStaleSockets(parent: string, nowMs: number): Promise<void> {
  try {
    let seen = 0;
    for await (const entry of await opendir(parent)) {
      if (!entry.isDirectory() || !namePattern.test(entry.name)) continue;
      if (++seen > maxStaleSockets) return;
      const directory = join(parent, entry.name);
      if (!(await isStale(directory, nowMs).catch(() => false))) continue;
      await unlink(join(directory, 's'));
      // Not with what is inside: only an empty one is surely ours.
      await rmdir(directory);
    }
  } catch {
    // Somebody else was faster, or may more than we; the next start tries again.
  }
}

async function isStale(directory: string, nowMs: number): Promise<boolean> {
  const { uid, mtimeMs } = await lstat(directory);
  if (uid !== process.getuid?.() || nowMs - mtimeMs < staleSocketMs) return false;
  const names = await readdir(directory);
  if (names.length !== 1 || names[0] !== 's') return false;
  const path = join(directory, 's');
  return (await lstat(path)).isSocket() && !(await hasListener(path));
}

function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}
