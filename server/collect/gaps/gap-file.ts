import { appendFile, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, replaceFile } from '../../../lib/runtime/index.ts';
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

const fileMode = 0o600;

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
  return {
    async read() {
      try {
        const { size } = await stat(file);
        return size > maxReadBytes ? '' : await readFile(file, 'utf8');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return '';
        throw error;
      }
    },
    append: (text) => appendFile(file, text, { mode: fileMode }),
    replace: (text) => replaceFile(file, text, fileMode),
  };
}
