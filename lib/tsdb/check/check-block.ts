import { lstatSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

import { parseBlockMeta, parseTombstones, type BlockMeta } from '../block/index.ts';
import { chunkSegmentName } from '../chunk/index.ts';
import { maxChunkSegments, maxMetaBytes, maxTombstonesBytes } from '../limits.ts';
import { isUlid } from '../ulid.ts';
import { ChunksCheck, type ChunkSegment } from './check-chunks.ts';
import { checkIndex } from './check-index.ts';
import type { SeriesTally } from './check-series.ts';
import { listEntries, openRegular, readRegular } from './file-access.ts';
import type { Findings } from './finding.ts';
import { looseRangeMs } from './limits.ts';

const seriesAlignment = 16;

/** Checks one block: every byte of its files, and that they say the same. Returns what it is. */
export function checkBlock(dir: string, path: string, findings: Findings): BlockMeta | undefined {
  findings.summary.blocks++;
  const at = (name: string): string => (path === '.' ? name : `${path}/${name}`);
  checkNames(dir, path, at, findings);
  const meta = checkMeta(dir, at('meta.json'), findings);
  const deleted = readTombstoneRefs(dir, at('tombstones'), findings);
  const { segments, close } = openSegments(dir, at('chunks'), findings);
  const range =
    meta === undefined
      ? { mint: -Infinity, maxt: Infinity }
      : { mint: meta.minTime, maxt: meta.maxTime };
  try {
    const chunks = new ChunksCheck(segments, range, findings);
    const tally = checkIndexOf(dir, at('index'), chunks, deleted, findings);
    chunks.finish(tally?.isWhole === true);
    if (tally?.isWhole === true) {
      for (const ref of deleted) {
        const message = `deletes from series ${String(ref)}, which does not exist`;
        findings.error('CHECK_REFERENCE', at('tombstones'), message);
      }
      if (meta !== undefined) compareStats(meta, tally, chunks, at('meta.json'), findings);
    }
    findings.summary.samples += chunks.samples;
  } finally {
    close();
  }
  return meta;
}

function checkIndexOf(
  dir: string,
  path: string,
  chunks: ChunksCheck,
  deleted: Set<number>,
  findings: Findings,
): SeriesTally | undefined {
  const source = openRegular(join(dir, 'index'), path, findings);
  if (source === undefined) return undefined;
  try {
    const tally = checkIndex(source, path, findings, (ref, metas, isWhole) => {
      // References of a damaged entry are unknown: what they refer to is not superfluous.
      if (!isWhole) chunks.noteDamage();
      deleted.delete(ref);
      for (const meta of metas) chunks.take(meta, path, ref * seriesAlignment);
    });
    findings.summary.series += tally?.series ?? 0;
    findings.summary.chunks += tally?.chunks ?? 0;
    return tally;
  } finally {
    source.close();
  }
}

function checkMeta(dir: string, path: string, findings: Findings): BlockMeta | undefined {
  const bytes = readRegular(join(dir, 'meta.json'), path, maxMetaBytes, findings);
  if (bytes === undefined) return undefined;
  const meta = findings.guard(path, () => parseBlockMeta(bytes));
  if (meta === undefined) return undefined;
  const name = basename(resolve(dir));
  if (isUlid(name) && name !== meta.ulid) {
    findings.error('CHECK_META', path, `names block ${meta.ulid} in the directory ${name}`);
  }
  const { level, sources, failed, deletable } = meta.compaction;
  if (level < 1) findings.error('CHECK_META', path, 'has no compaction level');
  if (level > 1 && sources.includes(meta.ulid)) {
    findings.error('CHECK_META', path, `level ${String(level)}, but the block is its own source`);
  }
  if (sources.length === 0) findings.error('CHECK_META', path, 'names no sources');
  if (failed === true) findings.warning('CHECK_META', path, 'a merge with this block has failed');
  if (deletable === true) findings.warning('CHECK_META', path, 'the block waits for deletion');
  return meta;
}

/** Refs of the series that have tombstones. */
function readTombstoneRefs(dir: string, path: string, findings: Findings): Set<number> {
  const file = join(dir, 'tombstones');
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return new Set();
  const bytes = readRegular(file, path, maxTombstonesBytes, findings);
  const tombstones = bytes && findings.guard(path, () => parseTombstones(bytes));
  return new Set(tombstones?.keys());
}

function openSegments(dir: string, path: string, findings: Findings) {
  const segments: (ChunkSegment | undefined)[] = [];
  const opened: { close(): void }[] = [];
  for (const { name } of listEntries(join(dir, 'chunks'), path, findings)) {
    const file = `${path}/${name}`;
    const segment = Number(name) - 1;
    if (!/^\d+$/.test(name)) {
      findings.note('CHECK_UNKNOWN_FILE', file, 'is no segment of chunks');
      continue;
    }
    if (segment < 0 || segment >= maxChunkSegments || name !== chunkSegmentName(segment)) {
      findings.error('CHECK_UNKNOWN_FILE', file, 'is no name of a segment');
      continue;
    }
    if (segment > segments.length) {
      const missing = `${path}/${chunkSegmentName(segments.length)}`;
      const count = String(segment - segments.length);
      findings.error(
        'CHECK_MISSING',
        missing,
        `${count} segments of chunks are missing from here on`,
      );
      while (segments.length < segment) segments.push(undefined);
    }
    const source = openRegular(join(dir, 'chunks', name), file, findings);
    if (source !== undefined) opened.push(source);
    segments.push(source && { source, path: file });
  }
  return {
    segments,
    close: () => {
      for (const source of opened) source.close();
    },
  };
}

/** Files that are no part of a block. */
function checkNames(
  dir: string,
  path: string,
  at: (name: string) => string,
  findings: Findings,
): void {
  for (const { name } of listEntries(dir, path, findings)) {
    if (['meta.json', 'index', 'chunks', 'tombstones'].includes(name)) continue;
    if (name.endsWith('.tmp')) {
      findings.warning('CHECK_LEFTOVER', at(name), 'was left behind by unfinished work');
    } else findings.note('CHECK_UNKNOWN_FILE', at(name), 'is no part of a block');
  }
}

function compareStats(
  meta: BlockMeta,
  tally: SeriesTally,
  chunks: ChunksCheck,
  path: string,
  findings: Findings,
): void {
  const { numSeries, numChunks, numSamples } = meta.stats;
  const compare = (name: string, told: number, found: number): void => {
    if (told === found) return;
    const message = `stats.${name} is ${String(told)}, the block has ${String(found)}`;
    findings.error('CHECK_STATS', path, message);
  };
  compare('numSeries', numSeries, tally.series);
  compare('numChunks', numChunks, tally.chunks);
  if (chunks.isCounted) compare('numSamples', numSamples, chunks.samples);
  if (tally.chunks === 0) return;
  const emptyMs = Math.max(chunks.mint - meta.minTime, meta.maxTime - 1 - chunks.maxt);
  if (emptyMs <= Math.max(looseRangeMs, chunks.maxt - chunks.mint)) return;
  const message = `the range is ${String(emptyMs)} ms longer than its samples on one side`;
  findings.warning('CHECK_LOOSE_RANGE', path, message);
}
