import { readdirSync, type Dirent } from 'node:fs';
import { basename, join, resolve } from 'node:path';

import type { BlockMeta } from '../block/index.ts';
import { isUlid } from '../ulid.ts';
import { checkBlock } from './check-block.ts';
import { checkWal } from './check-wal.ts';
import { Findings, type CheckSummary, type Finding } from './finding.ts';

export interface CheckOptions {
  /** Takes each finding as it is found. */
  readonly report: (finding: Finding) => void;
  /**
   * Checks of files at the top of the directory that this library does not know, by name. Such a
   * check gets the file and the collector of findings.
   */
  readonly extra?: Readonly<Record<string, (file: string, path: string, to: Findings) => void>>;
}

const temporaryBlock = /^(.{26})\.tmp(-for-(creation|deletion))?$/;

/** What Prometheus keeps beside blocks and WAL; this store has no use for it. */
const prometheusNames = ['chunks_head', 'wbl', 'queries.active'];

/**
 * Checks a data directory, an unpacked dump, or a single block. Whatever is in the files becomes
 * findings; only a directory that cannot be listed throws. Reads files one after the other; in
 * memory are the symbols of one index and a fixed number of bytes per label pair and per WAL series.
 */
export function checkDirectory(dir: string, options: CheckOptions): CheckSummary {
  const findings = new Findings(options.report);
  const entries = readdirSync(dir, { withFileTypes: true });
  if (isBlock(dir, entries)) {
    checkBlock(dir, '.', findings);
    return findings.summary;
  }
  const blocks: BlockMeta[] = [];
  let isStore = false;
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = entry;
    const extra = Object.hasOwn(options.extra ?? {}, name) ? options.extra?.[name] : undefined;
    if (isUlid(name)) {
      isStore = true;
      if (entry.isDirectory()) pushDefined(blocks, checkBlock(join(dir, name), name, findings));
      else findings.error('CHECK_NOT_A_FILE', name, 'has the name of a block and is no directory');
    } else if (name === 'wal') {
      isStore = true;
      checkWal(join(dir, name), name, findings);
    } else if (extra !== undefined) {
      findings.guard(name, () => {
        extra(join(dir, name), name, findings);
      });
    } else tellOther(name, findings);
  }
  if (!isStore) findings.error('CHECK_MISSING', '.', 'there is neither a block nor a WAL');
  checkNeighbours(blocks, findings);
  return findings.summary;
}

/** Whether the directory is a block itself. */
export function isBlockDirectory(dir: string): boolean {
  return isBlock(dir, readdirSync(dir, { withFileTypes: true }));
}

function isBlock(dir: string, entries: readonly Dirent[]): boolean {
  const has = (name: string): boolean => entries.some((entry) => entry.name === name);
  return has('meta.json') || (has('index') && has('chunks')) || isUlid(basename(resolve(dir)));
}

function tellOther(name: string, findings: Findings): void {
  if (isUlid(temporaryBlock.exec(name)?.[1] ?? '')) {
    findings.warning('CHECK_LEFTOVER', name, 'a block that was not finished, or not quite deleted');
  } else if (name === 'lock') {
    const message = 'a store has the directory open, or ended without tidying up';
    findings.note('CHECK_LOCKED', name, message);
  } else if (name.startsWith('wal.corrupt-')) {
    findings.warning('CHECK_LEFTOVER', name, 'damaged parts of a WAL that were put aside');
  } else if (name === 'wal.repaired.json') {
    findings.note(
      'CHECK_LEFTOVER',
      name,
      'what was mended in the WAL and not told by all of a start',
    );
  } else if (prometheusNames.includes(name) || name.startsWith('chunk_snapshot.')) {
    findings.note(
      'CHECK_UNKNOWN_FILE',
      name,
      'belongs to a Prometheus server, and is not looked at',
    );
  } else findings.note('CHECK_UNKNOWN_FILE', name, 'is no part of a store');
}

/** What blocks say about each other. */
function checkNeighbours(blocks: readonly BlockMeta[], findings: Findings): void {
  const present = new Set(blocks.map(({ ulid }) => ulid));
  const sorted = [...blocks].sort((a, b) => a.minTime - b.minTime || a.maxTime - b.maxTime);
  let last: BlockMeta | undefined;
  for (const block of sorted) {
    if (last !== undefined && block.minTime < last.maxTime) {
      findings.note('CHECK_OVERLAP', block.ulid, `shares times with block ${last.ulid}`);
    }
    if (last === undefined || block.maxTime > last.maxTime) last = block;
    for (const { ulid } of block.compaction.parents ?? []) {
      if (!present.has(ulid) || ulid === block.ulid) continue;
      const message = `names ${ulid} as parent: Prometheus deletes that when it opens the directory`;
      findings.warning('CHECK_PARENTS', `${block.ulid}/meta.json`, message);
    }
  }
}

function pushDefined<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}
