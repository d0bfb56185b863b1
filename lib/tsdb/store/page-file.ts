import { open, readdir, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../bytes/index.ts';
import type { Rng } from '../../runtime/index.ts';
import { TsdbError } from '../errors.ts';
import { pageBytes, type PageStore } from '../head/index.ts';

/**
 * Pages in a file without a name: it is unlinked as soon as it is open, so that neither a crash nor
 * anybody who tidies the directory has to know of it. The WAL can bring its content back.
 */
export class PageFile implements PageStore {
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** Opens a file in `dir`. */
  static async open(dir: string, rng: Rng): Promise<PageFile> {
    const path = join(dir, `closed-${toHex(rng.bytes(8))}.tmp`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return new PageFile(file, path);
  }

  async write(page: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const position = page * pageBytes + done;
      const result = await this.#file.write(bytes, done, bytes.length - done, position);
      done += result.bytesWritten;
    }
  }

  async read(page: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(pageBytes);
    let done = 0;
    while (done < pageBytes) {
      const offset = page * pageBytes + done;
      const { bytesRead } = await this.#file.read(bytes, done, pageBytes - done, offset);
      if (bytesRead === 0) {
        throw new TsdbError('TSDB_TRUNCATED', 'a page is gone', { offset, path: this.#path });
      }
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Removes files of a process that was killed between opening one and taking its name away. */
export async function sweepPageFiles(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (/^closed-[0-9a-f]{16}\.tmp$/.test(name)) await unlink(join(dir, name));
  }
}
