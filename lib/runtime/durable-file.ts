import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the content of a file durable, or the names in a directory. */
export async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Puts a text in place of a file, durably: readers see the old one or the whole new one, also after a
 * power cut. It lies in `path.tmp` until then; who calls sees to it that there is one writer at a time.
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // What failed first is what is told.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await makeDurable(dirname(path));
}
