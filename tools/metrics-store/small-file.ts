import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { codeOf } from '../../lib/runtime/index.ts';

/** All bytes of a regular file; undefined when there is none, or it is larger than `limit`. */
export function readSmallFile(file: string, limit: number): Buffer | undefined {
  let fd: number;
  try {
    // Not to wait should it be a pipe, and not to follow it should it be a link.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ELOOP') return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= limit ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}
