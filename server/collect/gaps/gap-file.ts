import { open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { maxLedgerBytes } from '../limits.ts';
import type { MetadataFile } from '../metadata/index.ts';

/** Where a ledger is kept. Writes come one at a time. */
export interface LedgerFile {
  /** Everything written so far; empty when there is nothing. */
  read(): Promise<string>;
  append(text: string): Promise<void>;
  /** Puts `text` in place of everything, all of it or nothing. */
  replace(text: string): Promise<void>;
}

/** Far above what our files grow to; a longer file is not one of ours. */
const maxReadBytes = 16 * maxLedgerBytes;

/** The ledger file inside a data directory, which exists. */
export function ledgerFile(directory: string): LedgerFile {
  return textFile(directory, 'gaps.jsonl');
}

/** The file of the metrics' metadata inside a data directory, which exists. */
export function metadataFile(directory: string): MetadataFile {
  return textFile(directory, 'metric-metadata.json');
}

function textFile(directory: string, fileName: string): LedgerFile {
  const file = path.join(directory, fileName);
  const temporary = `${file}.tmp`;
  return {
    async read() {
      try {
        const { size } = await stat(file);
        return size > maxReadBytes ? '' : await readFile(file, 'utf8');
      } catch (error) {
        if (isMissing(error)) return '';
        throw error;
      }
    },
    append: (text) => withFile(file, 'a', (handle) => handle.writeFile(text)),
    async replace(text) {
      try {
        await withFile(temporary, 'w', async (handle) => {
          await handle.writeFile(text);
          await handle.datasync();
        });
        await rename(temporary, file);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await withFile(directory, 'r', (handle) => handle.sync());
    },
  };
}

async function withFile(
  file: string,
  flags: string,
  use: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(file, flags, 0o600);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
