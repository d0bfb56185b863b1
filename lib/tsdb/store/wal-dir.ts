import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkpointName,
  parseCheckpointName,
  parseWalSegmentName,
  walSegmentName,
} from '../wal/index.ts';

/** What lies in a WAL directory. */
export interface WalListing {
  /** Last segment that the newest checkpoint covers; undefined without checkpoint. */
  checkpoint: number | undefined;
  /** Segment files of that checkpoint, ascending. */
  checkpointSegments: number[];
  /** Segments behind the checkpoint, ascending. */
  segments: number[];
  /** Number that a new segment gets. */
  next: number;
  /** Bytes of the checkpoint and of the segments. */
  checkpointBytes: number;
  segmentBytes: Map<number, number>;
}

/** Makes the WAL directory if need be and removes checkpoints that were not finished. */
export async function prepareWalDir(walDir: string): Promise<void> {
  await mkdir(walDir, { recursive: true, mode: 0o750 });
  for (const name of await readdir(walDir)) {
    if (!name.startsWith('checkpoint.') || !name.endsWith('.tmp')) continue;
    await rm(join(walDir, name), { recursive: true, force: true });
  }
}

/** Lists a WAL directory; of several checkpoints the newest counts. */
export async function listWalDir(walDir: string): Promise<WalListing> {
  const names = await readdir(walDir);
  const checkpoints = names.flatMap((name) => parseCheckpointName(name) ?? []);
  const checkpoint = checkpoints.length === 0 ? undefined : Math.max(...checkpoints);
  const all = segmentsIn(names);
  const segments = all.filter((segment) => checkpoint === undefined || segment > checkpoint);
  const segmentBytes = new Map<number, number>();
  for (const segment of segments) {
    segmentBytes.set(segment, (await stat(join(walDir, walSegmentName(segment)))).size);
  }
  let checkpointSegments: number[] = [];
  let checkpointBytes = 0;
  if (checkpoint !== undefined) {
    const dir = join(walDir, checkpointName(checkpoint));
    checkpointSegments = segmentsIn(await readdir(dir));
    for (const segment of checkpointSegments) {
      checkpointBytes += (await stat(join(dir, walSegmentName(segment)))).size;
    }
  }
  const last = Math.max(-1, checkpoint ?? -1, ...all);
  return {
    ...{ checkpoint, checkpointSegments, segments, next: last + 1 },
    ...{ checkpointBytes, segmentBytes },
  };
}

/** Removes segments and checkpoints that the checkpoint of `covered` has made useless. */
export async function removeCovered(walDir: string, covered: number): Promise<void> {
  for (const name of (await readdir(walDir)).sort()) {
    const segment = parseWalSegmentName(name);
    const checkpoint = parseCheckpointName(name);
    if (segment !== undefined && segment <= covered) await rm(join(walDir, name));
    else if (checkpoint !== undefined && checkpoint < covered) {
      await rm(join(walDir, name), { recursive: true, force: true });
    }
  }
}

/**
 * The same numbers with what was before each: whether there are segments missing in between. The first
 * one has to be `first`.
 */
export function* withHoles(
  segments: readonly number[],
  first: number,
): Generator<{ segment: number; isAfterHole: boolean }> {
  let next = first;
  for (const segment of segments) {
    yield { segment, isAfterHole: segment !== next };
    next = segment + 1;
  }
}

function segmentsIn(names: readonly string[]): number[] {
  return names.flatMap((name) => parseWalSegmentName(name) ?? []).sort((a, b) => a - b);
}
