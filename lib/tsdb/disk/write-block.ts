import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  printBlockMeta,
  printTombstones,
  type BlockMeta,
  type JsonObject,
} from '../block/index.ts';
import { chunkSegmentName, type ChunkEntry, type ChunkMeta } from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import { IndexWriter } from '../index/index.ts';
import type { Labels } from '../labels.ts';
import { defaultSegmentBytes } from '../limits.ts';
import { parseUlid } from '../ulid.ts';
import { creationSuffix, publishBlock } from './block-dir.ts';
import { ChunkFileWriter } from './chunk-file-writer.ts';
import { writeFileDurably } from './durable.ts';
import { FileSink } from './file-sink.ts';
import { SeriesSpool } from './series-spool.ts';

/** A series with its chunks in order of time, none overlapping another. */
export interface BlockSeries {
  readonly labels: Labels;
  readonly chunks: readonly ChunkEntry[];
}

export interface WriteBlockOptions {
  /** Directory that the block's own directory is made in. */
  readonly parentDir: string;
  readonly ulid: string;
  /** In order of label sets (`compareLabels`), each set once; read once, before the index is begun. */
  readonly series: Iterable<BlockSeries>;
  /** The series come in any order: the labels of all of them are in memory until they are sorted. */
  readonly isUnordered?: boolean;
  /** 1 unless the block is made of others. */
  readonly level?: number;
  /** Level-1 blocks that the samples come from; the block itself when absent. */
  readonly sources?: readonly string[];
  /** First time covered; that of the first sample when absent. */
  readonly mint?: number;
  /** First time no longer covered; behind the last sample when absent. */
  readonly maxt?: number;
  /** Further top-level keys of meta.json. */
  readonly extra?: JsonObject;
  /** Called between series; what it throws ends the writing and leaves nothing. */
  readonly checkCancelled?: () => void;
  /** A segment of chunks is closed before it would grow past this. */
  readonly segmentBytes?: number;
}

export interface WrittenBlock {
  readonly meta: BlockMeta;
  readonly dir: string;
  /** Bytes of all files. */
  readonly sizeBytes: number;
}

/** What was written so far. */
interface Tally {
  samples: number;
  series: number;
  chunks: number;
  mint: number;
  maxt: number;
}

/**
 * Writes a block durably, in the order that leaves either a whole block or a directory that
 * `sweepTemporary` removes (docs/format/block.md). Undefined when there was not one sample: then
 * nothing is left. Series without chunks are left out.
 */
export function writeBlock(options: WriteBlockOptions): WrittenBlock | undefined {
  const dir = join(options.parentDir, parseUlid(options.ulid));
  if (statSync(dir, { throwIfNoEntry: false }) !== undefined) {
    throw new TsdbError('TSDB_IO', 'block exists already', { path: dir });
  }
  const temporaryDir = `${dir}${creationSuffix}`;
  rmSync(temporaryDir, { recursive: true, force: true });
  mkdirSync(temporaryDir);
  try {
    const steps = blockFiles(options, temporaryDir, false);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    if (step.value === undefined) return undefined;
    publishBlock(temporaryDir, dir);
    return { ...step.value, dir };
  } finally {
    rmSync(temporaryDir, { recursive: true, force: true });
  }
}

/** A file of a block that is complete, and where it lies. */
export interface BlockFile {
  /** Relative to the block, as in `chunks/000001`. */
  readonly name: string;
  readonly path: string;
}

/**
 * As {@link writeBlock}, for somebody who takes the files of the block away one by one: each is there
 * until the next one is asked for, and nothing is left at the end. Segments come first, `meta.json` last.
 */
export function* writeBlockFiles(
  options: WriteBlockOptions,
): Generator<BlockFile, Omit<WrittenBlock, 'dir'> | undefined> {
  const temporaryDir = `${join(options.parentDir, parseUlid(options.ulid))}${creationSuffix}`;
  rmSync(temporaryDir, { recursive: true, force: true });
  mkdirSync(temporaryDir);
  try {
    const steps = blockFiles(options, temporaryDir, true);
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      yield step.value;
      rmSync(step.value.path);
    }
  } finally {
    rmSync(temporaryDir, { recursive: true, force: true });
  }
}

/** Writes the files of a block and tells of each when it is complete. */
function* blockFiles(
  options: WriteBlockOptions,
  dir: string,
  isTemporary: boolean,
): Generator<BlockFile, Omit<WrittenBlock, 'dir'> | undefined> {
  const segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
  const chunks = new ChunkFileWriter(join(dir, 'chunks'), segmentBytes, isTemporary);
  const spool = new SeriesSpool(join(dir, 'series.tmp'), options.isUnordered === true);
  const complete = (name: string) => ({ name, path: join(dir, name) });
  const write = isTemporary ? writeFileSync : writeFileDurably;
  try {
    const tally = yield* writeSeries(options, chunks, spool, complete);
    if (tally.samples === 0) return undefined;
    const indexBytes = writeIndex(options, join(dir, 'index'), spool, isTemporary);
    yield complete('index');
    const tombstones = printTombstones(new Map());
    write(join(dir, 'tombstones'), tombstones);
    yield complete('tombstones');
    const meta = metaOf(options, tally);
    const metaBytes = new TextEncoder().encode(printBlockMeta(meta));
    write(join(dir, 'meta.json'), metaBytes);
    yield complete('meta.json');
    const sizeBytes = chunks.sizeBytes + indexBytes + metaBytes.length + tombstones.length;
    return { meta, sizeBytes };
  } finally {
    chunks.abandon();
    spool.remove();
  }
}

/** Chunks go to their segments at once, the rest of each series to the spool. */
function* writeSeries(
  options: WriteBlockOptions,
  chunks: ChunkFileWriter,
  spool: SeriesSpool,
  complete: (name: string) => BlockFile,
): Generator<BlockFile, Tally> {
  const segment = (number: number) => complete(join('chunks', chunkSegmentName(number)));
  let told = 0;
  const tally: Tally = { samples: 0, series: 0, chunks: 0, mint: Infinity, maxt: -Infinity };
  for (const series of options.series) {
    options.checkCancelled?.();
    if (series.chunks.length === 0) continue;
    const metas: ChunkMeta[] = [];
    for (const chunk of series.chunks) {
      metas.push({ mint: chunk.mint, maxt: chunk.maxt, ref: chunks.append(chunk) });
      tally.samples += chunk.numSamples;
      tally.mint = Math.min(tally.mint, chunk.mint);
      tally.maxt = Math.max(tally.maxt, chunk.maxt);
    }
    spool.add(series.labels, metas);
    tally.chunks += metas.length;
    tally.series++;
    while (told < chunks.closed) yield segment(told++);
  }
  chunks.close();
  while (told < chunks.closed) yield segment(told++);
  return tally;
}

function writeIndex(
  options: WriteBlockOptions,
  path: string,
  spool: SeriesSpool,
  isTemporary: boolean,
): number {
  const { symbols, series } = spool.finish();
  const sink = new FileSink(path);
  try {
    const index = new IndexWriter(sink, symbols, options.isUnordered);
    for (const { symbols: labels, chunks } of series()) {
      options.checkCancelled?.();
      index.addSeries(labels, chunks);
    }
    index.finish();
    sink.close(isTemporary);
    return index.length;
  } finally {
    sink.abandon();
  }
}

function metaOf(options: WriteBlockOptions, tally: Tally): BlockMeta {
  const { ulid, level = 1, sources = [ulid], extra } = options;
  return {
    ulid,
    minTime: options.mint ?? tally.mint,
    maxTime: options.maxt ?? tally.maxt + 1,
    stats: { numSamples: tally.samples, numSeries: tally.series, numChunks: tally.chunks },
    compaction: { level, sources: [...new Set(sources)].sort() },
    ...(extra === undefined ? {} : { extra }),
  };
}
