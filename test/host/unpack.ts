import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from './app-error.ts';
import { readTar } from './tar.ts';

/** The server makes directories that nobody else may write; files have the archive's own mode. */
const directoryMode = 0o744;

/**
 * Unpacks a bundle by the server's rules: only regular files and directories, nothing outside the
 * target. Returns the directory that holds the manifest and the names that were skipped.
 */
export async function unpackBundle(
  bundle: Uint8Array,
  target: string,
): Promise<{ directory: string; skipped: string[] }> {
  const skipped: string[] = [];
  await mkdir(target, { recursive: true });
  try {
    // One chunk: Readable.from would take the array's bytes one by one.
    const unzipped = Readable.from([bundle]).pipe(createGunzip());
    for await (const entry of readTar(unzipped as AsyncIterable<Uint8Array>)) {
      const path = join(target, entry.name);
      if (path !== target && !path.startsWith(target + sep) && path !== target + sep) {
        throw new Error(`failed to sanitize path ${entry.name}`);
      }
      if (entry.kind === 'other') skipped.push(entry.name);
      if (entry.kind === 'directory') await mkdir(path, { recursive: true, mode: directoryMode });
      if (entry.kind === 'file') await writeEntry(path, entry.mode, entry.content);
    }
  } catch (cause) {
    throw new AppError({
      id: 'app.plugin.extract.app_error',
      where: 'extractPlugin',
      status: 400,
      detail: String(cause),
      cause,
    });
  }
  return { directory: await topDirectory(target), skipped };
}

async function writeEntry(
  path: string,
  mode: number,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: directoryMode });
  await pipeline(content, createWriteStream(path, { mode: mode & 0o777 }));
}

/** A bundle may have its files at the root or in one directory of any name. */
async function topDirectory(target: string): Promise<string> {
  const entries = await readdir(target, { withFileTypes: true });
  const [only] = entries;
  return entries.length === 1 && only?.isDirectory() === true ? join(target, only.name) : target;
}
