import { stat, statfs } from 'node:fs/promises';

/** Free space of the disk below `path` for this user, in bytes; null when it cannot be told. */
export async function freeBytes(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    // An unknown amount is an answer: callers treat it as such, and the status shows it.
    return null;
  }
}

/** Whether two directories are on the same disk; false when it cannot be told. */
export async function isSameDisk(one: string, other: string): Promise<boolean> {
  try {
    return (await stat(one)).dev === (await stat(other)).dev;
  } catch {
    return false;
  }
}
