import type { DumpRedaction } from '../../api/index.ts';
import { segmentBytes } from './limits.ts';
import type { SourceBlock } from './selection.ts';

/** Largest part of a block that is its index, except in small ones, where it may be all of it. */
const indexShare = 0.25;

/**
 * Most temporary space that a dump of groups of overlapping blocks takes, snapshots of the head aside: they
 * are worked off one after another. Local blocks are held by hard links, which take nothing.
 */
export function temporaryBytes(
  groups: readonly (readonly SourceBlock[])[],
  redaction: DumpRedaction,
): number {
  const sizes = groups.map((group) => {
    const groupBytes = sumOf(group);
    const fetchedBytes = sumOf(group.filter(({ kind }) => kind === 'remote'));
    // What is written anew leaves file by file: a segment at a time, and the index.
    const writtenBytes = Math.min(groupBytes, segmentBytes + indexShare * groupBytes);
    const redactedBytes = redaction === 'none' ? 0 : groupBytes;
    return fetchedBytes + writtenBytes + redactedBytes;
  });
  return Math.ceil(Math.max(0, ...sizes));
}

/** About the most that a snapshot of the head takes: chunks with all the digits of a sum, and its index. */
export function snapshotBytesOf(head: { numSamples: number; numSeries: number }): number {
  return 3 * head.numSamples + 300 * head.numSeries;
}

function sumOf(blocks: readonly SourceBlock[]): number {
  return blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
