import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { codeOf } from './thrown.ts';

/**
 * Makes a directory and those above it that are missing. Node's own recursive `mkdir` never ends
 * where nobody can make directories although the parent is there, as below `/proc` or the root of an
 * automounter, and keeps one of its few threads busy meanwhile.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); !(await exists(at)); at = dirname(at)) missing.push(at);
  for (const directory of missing.reverse()) await makeOne(directory, mode);
}

/** Throws `ENOTDIR` when something else has the name. */
async function exists(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is not a directory`), { code: 'ENOTDIR', path });
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
