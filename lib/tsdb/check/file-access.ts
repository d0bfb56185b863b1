import { lstatSync, readFileSync, readdirSync, type Dirent } from 'node:fs';

import { FileSource } from '../disk/index.ts';
import { TsdbError } from '../errors.ts';
import type { Findings } from './finding.ts';

/**
 * Opens a regular file of at most `limit` bytes. Links, pipes and devices are findings: what is checked may come from
 * anywhere, and opening a pipe would wait for ever.
 */
export function openRegular(file: string, path: string, findings: Findings, limit = Infinity) {
  return withRegular(file, path, limit, findings, () => new FileSource(file));
}

/** All bytes of a regular file of at most `limit` bytes. */
export function readRegular(file: string, path: string, limit: number, findings: Findings) {
  return withRegular(file, path, limit, findings, () => new Uint8Array(readFileSync(file)));
}

function withRegular<Content>(
  file: string,
  path: string,
  limit: number,
  findings: Findings,
  open: () => Content,
): Content | undefined {
  return findings.guard(path, () => {
    const stat = lstatSync(file);
    if (!stat.isFile()) {
      findings.error('CHECK_NOT_A_FILE', path, 'is not a regular file');
      return undefined;
    }
    checkSize(stat.size, limit);
    const content = open();
    findings.summary.bytes += stat.size;
    return content;
  });
}

/** Entries of a directory by name; empty, with a finding, when it is none. */
export function listEntries(dir: string, path: string, findings: Findings): Dirent[] {
  const entries = findings.guard(path, () => readdirSync(dir, { withFileTypes: true })) ?? [];
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function checkSize(size: number, limit: number): void {
  if (size <= limit) return;
  throw new TsdbError('TSDB_LIMIT', `file of ${String(size)} bytes, at most ${String(limit)}`);
}
