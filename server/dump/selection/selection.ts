import type { DumpEstimate } from '../../../api/index.ts';
import {
  isContained,
  lineageOf,
  withoutContained,
  type BlockInfo,
} from '../../../lib/tsdb/index.ts';
import type { BlockArea, RemoteBlock } from '../../share/index.ts';

/** A half-open range of times in milliseconds. */
export interface TimeRange {
  fromMs: number;
  toMs: number;
}

/** A block that a dump is made of and where its files are. */
export type SourceBlock = Pick<
  BlockInfo,
  'ulid' | 'mint' | 'maxt' | 'numSamples' | 'numSeries' | 'sizeBytes' | 'sources'
> &
  ({ kind: 'local'; dir: string } | { kind: 'remote'; area: BlockArea; block: RemoteBlock });

/** Whether a block `[mint, maxt)` has a part in the range. */
export function overlaps(block: { mint: number; maxt: number }, range: TimeRange): boolean {
  return block.mint < range.toMs && block.maxt > range.fromMs;
}

/** Blocks in the file store, and snapshots of heads there that hold what no block does. */
export interface RemoteSources {
  blocks: readonly RemoteBlock[];
  heads: readonly RemoteBlock[];
}

/**
 * The blocks that cover a range. What is on the own disk is taken from there, and no sample twice: a
 * merged block stands for those that it was made of, and these for it. Snapshots of heads may share
 * samples with blocks and with each other: whoever reads them together counts each sample once.
 */
export function selectBlocks(
  local: readonly BlockInfo[],
  remote: RemoteSources,
  range: TimeRange,
): SourceBlock[] {
  const own = new Set(local.flatMap((block) => [block.ulid, ...lineageOf(block)]));
  const selected: SourceBlock[] = withoutContained([
    ...local.map(({ ulid, mint, maxt, numSamples, numSeries, sizeBytes, sources, dir }) => {
      const facts = { ulid, mint, maxt, numSamples, numSeries, sizeBytes, sources };
      return { kind: 'local' as const, ...facts, dir };
    }),
    ...remote.blocks
      .filter((block) => !isContained(block, (ulid) => own.has(ulid)))
      .map((block) => remoteSource(block, 'data')),
    ...remote.heads.map((block) => remoteSource(block, 'head')),
  ]);
  return selected.filter((block) => overlaps(block, range));
}

function remoteSource(block: RemoteBlock, area: BlockArea): SourceBlock {
  const { ulid, mint, maxt, numSamples, numSeries, sizeBytes, sources } = block;
  const facts = { ulid, mint, maxt, numSamples, numSeries, sizeBytes, sources };
  return { kind: 'remote', area, ...facts, block };
}

/** Blocks that overlap each other, directly or through a third, in groups from old to new. */
export function groupOverlapping<T extends { mint: number; maxt: number }>(
  blocks: readonly T[],
): T[][] {
  const sorted = [...blocks].sort((a, b) => a.mint - b.mint || a.maxt - b.maxt);
  const groups: T[][] = [];
  let endMs = -Infinity;
  for (const block of sorted) {
    const group = groups.at(-1);
    if (group !== undefined && block.mint < endMs) group.push(block);
    else groups.push([block]);
    endMs = Math.max(endMs, block.maxt);
  }
  return groups;
}

/** Part of a block's samples that lies in the range, if they are spread evenly. */
export function share(block: { mint: number; maxt: number }, range: TimeRange): number {
  if (block.maxt <= block.mint) return 1;
  const from = Math.max(block.mint, range.fromMs);
  const to = Math.min(block.maxt, range.toMs);
  return Math.max(0, to - from) / (block.maxt - block.mint);
}

/** Archive bytes per byte of block: indexes shrink, chunks hardly do (measured on our own blocks). */
const packedShare = 0.65;

/** Bytes of block per sample in the head, where no block says it (measured, with its index). */
const headBytesPerSample = 1.5;

/** Block bytes that are rewritten and packed in one second on a modest machine. */
const bytesPerSecond = 8 * 1024 * 1024;

/** What a dump of the range will probably be. */
export function estimateDump(
  blocks: readonly SourceBlock[],
  head: { mint: number; maxt: number; numSamples: number; numSeries: number } | undefined,
  range: TimeRange,
): DumpEstimate {
  let samples = 0;
  let blockBytes = 0;
  let series = 0;
  for (const block of blocks) {
    samples += block.numSamples * share(block, range);
    blockBytes += block.sizeBytes * share(block, range);
    series = Math.max(series, block.numSeries);
  }
  if (head !== undefined && overlaps(head, range)) {
    const headSamples = head.numSamples * share(head, range);
    samples += headSamples;
    blockBytes += headSamples * headBytesPerSample;
    series = Math.max(series, head.numSeries);
  }
  return {
    bytes: Math.ceil(blockBytes * packedShare),
    samples: Math.round(samples),
    series,
    seconds: Math.ceil(1 + blockBytes / bytesPerSecond),
  };
}
