import { rename, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, makeDirectory } from '../runtime/index.ts';

/** Opens files; replaced in tests to let the disk fail. */
export type OpenFile = (path: string, flags: string, mode?: number) => Promise<FileHandle>;

const cannotSyncDirectory = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

const directoryMode = 0o750;
const fileMode = 0o600;

/**
 * Writes a file so that readers see the old one or the whole new one: temporary in the same
 * directory, fsync, rename, fsync of the directory. On any error the temporary is removed.
 */
export async function writeAtomically(
  path: string,
  temporaryPath: string,
  chunks: AsyncIterable<Uint8Array>,
  openFile: OpenFile,
): Promise<void> {
  const handle = await openTemporary(temporaryPath, openFile);
  try {
    try {
      for await (const chunk of chunks) await writeAll(handle, chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporaryPath, path);
    await syncDirectory(dirname(path), openFile);
  } catch (error) {
    await removeFile(temporaryPath);
    throw error;
  }
}

/** Opens the temporary; a directory that was removed after it was made is made again. */
async function openTemporary(path: string, openFile: OpenFile): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    await makeDirectory(dirname(path), directoryMode);
    try {
      return await openFile(path, 'wx', fileMode);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === 3) throw error;
    }
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}

async function syncDirectory(path: string, openFile: OpenFile): Promise<void> {
  const handle = await openFile(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network and user-space file systems cannot flush a directory; the file itself is flushed.
    if (!cannotSyncDirectory.includes(codeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/** Removes a file; one that is not there is no error. Returns whether it was there. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

/** Removes the directories of `segments` below `root` that are empty, innermost first. */
export async function removeEmptyDirectories(
  root: string,
  segments: readonly string[],
): Promise<void> {
  for (let depth = segments.length; depth > 0; depth--) {
    try {
      await rmdir(join(root, ...segments.slice(0, depth)));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') continue;
      // Not empty, in use, a symbolic link, or not ours to remove: it simply stays.
      if (['ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR', 'EACCES', 'EPERM'].includes(code ?? ''))
        return;
      throw error;
    }
  }
}
