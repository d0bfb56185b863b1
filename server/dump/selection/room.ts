import { segmentBytes } from '../limits.ts';
import type { SourceBlock } from './selection.ts';

/** About the most that an index takes where its size is not known: labels of a series, and its chunks. */
const indexBytesPerSeries = 500;
const indexBaseBytes = 64 * 1024;

/** What a new index may take of the old ones: aliases can be longer than what they stand for. */
const newIndexShare = 1.25;

/**
 * Most temporary space that a dump of groups of overlapping blocks takes, snapshots of the head aside: they
 * are worked off one after another. Local blocks are held by hard links, which take nothing.
 */
export function temporaryBytes(groups: readonly (readonly SourceBlock[])[]): number {
  return Math.ceil(Math.max(0, ...groups.map((group) => groupBytes(group))));
}

/** Of one group: first its blocks beside what is written anew of them, then the new index alone. */
function groupBytes(group: readonly SourceBlock[]): number {
  const fetched = sumOf(group, ({ kind, sizeBytes }) => (kind === 'remote' ? sizeBytes : 0));
  const indexes = sumOf(group, indexBytesOf);
  const chunks = sumOf(group, ({ sizeBytes }) => sizeBytes) - indexes;
  const segment = Math.min(segmentBytes, chunks);
  const isFetched = group.every(({ kind }) => kind === 'remote');
  // The list of the new series is smaller than the indexes that have them. Of what is fetched the chunks go while
  // they are read, so that only the list of as many series as fill the first segment comes on top.
  const beside =
    isFetched && chunks >= indexes
      ? Math.min(indexes, segmentBytes)
      : indexes + (isFetched ? 0 : segment);
  const whileRead = fetched + beside;
  return Math.max(whileRead, indexes + newIndexShare * indexes + indexBaseBytes);
}

function indexBytesOf(source: SourceBlock): number {
  const { numSeries, sizeBytes } = source;
  const known =
    source.kind === 'remote'
      ? source.block.blockFiles.find(({ path }) => path === 'index')?.sizeBytes
      : undefined;
  return known ?? Math.min(sizeBytes, indexBaseBytes + indexBytesPerSeries * numSeries);
}

/** About the most that a snapshot of the head takes: chunks with all the digits of a sum, and its index. */
export function snapshotBytesOf(head: { numSamples: number; numSeries: number }): number {
  return 3 * head.numSamples + 300 * head.numSeries;
}

function sumOf(blocks: readonly SourceBlock[], of: (block: SourceBlock) => number): number {
  return blocks.reduce((sum, block) => sum + of(block), 0);
}
