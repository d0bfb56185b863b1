import { ulidTimeMs, type BlockInfo } from '../../lib/tsdb/index.ts';
import type { PartialBlock, RemoteBlock } from './block-catalog.ts';
import { serverIdLabel } from './block-meta.ts';
import { localRetentionMs, orphanAgeMs } from './limits.ts';

/**
 * The time that ages are counted from: now, or the newest block's end when that is older. A clock
 * that jumps ahead, or a collector that stood still for weeks, thus deletes nothing.
 */
export function referenceMs(nowMs: number, blocks: Iterable<Readonly<{ maxt: number }>>): number {
  let newestMs = -Infinity;
  for (const { maxt } of blocks) newestMs = Math.max(newestMs, maxt);
  return Math.min(nowMs, newestMs);
}

/** Whether a block was uploaded by another server; blocks without label count as ours. */
export function isForeign(block: RemoteBlock, serverId: string): boolean {
  const owner = block.labels[serverIdLabel];
  return owner !== undefined && owner !== '' && owner !== serverId;
}

/** Remote blocks that retention deletes, oldest first. */
export function expiredBlocks(
  blocks: readonly RemoteBlock[],
  options: { serverId: string; fromMs: number; retentionMs: number },
): RemoteBlock[] {
  const limitMs = options.fromMs - options.retentionMs;
  return blocks
    .filter(({ maxt }) => maxt <= limitMs)
    .filter((b) => !isForeign(b, options.serverId));
}

/** Half blocks that nobody completes any more: old by {@link isOrphan}, and not on this node's disk. */
export function orphans(
  partial: readonly PartialBlock[],
  local: readonly BlockInfo[],
  nowMs: number,
): PartialBlock[] {
  const own = new Set(local.map(({ ulid }) => ulid));
  return partial.filter((half) => !own.has(half.ulid) && isOrphan(half, nowMs));
}

/**
 * Whether a half block is so old, by its ULID and by its newest file, that nobody is writing it. One
 * that has a `meta.json` and is damaged is left to people: no upload of ours leaves such a thing.
 */
export function isOrphan({ ulid, kind, writtenMs }: PartialBlock, nowMs: number): boolean {
  if (kind === 'damaged') return false;
  return Math.max(ulidTimeMs(ulid), writtenMs ?? -Infinity) < nowMs - orphanAgeMs;
}

/** What is known of the file store when local blocks are looked through. */
interface LocalRetention {
  /** Whether all that a block holds is in the file store. */
  isHeld: (block: BlockInfo) => boolean;
  fromMs: number;
  retentionMs: number;
}

/**
 * Local blocks that are to be copied, oldest first. A merged one that reaches over the age limit has
 * lost sources to retention there; it is not copied, because what is left of them would be doubled.
 */
export function pendingBlocks(local: readonly BlockInfo[], options: LocalRetention): BlockInfo[] {
  const limitMs = options.fromMs - options.retentionMs;
  return local
    .filter((block) => {
      const isMerged = block.sources.some((source) => source !== block.ulid);
      return (isMerged ? block.mint : block.maxt) > limitMs && !options.isHeld(block);
    })
    .sort((a, b) => a.mint - b.mint);
}

/**
 * Local blocks that have served their time: in the file store for days, or past retention. What is
 * nowhere else goes for its age only when the file store has all that it is to have: had this block
 * been copied in time, retention there would have deleted it by now. Until then it stays, however old.
 */
export function agedLocalBlocks(
  local: readonly BlockInfo[],
  options: LocalRetention & { isAllCopied: boolean },
): BlockInfo[] {
  const { isHeld, isAllCopied, fromMs, retentionMs } = options;
  return local.filter((block) => {
    if (block.maxt <= fromMs - retentionMs && isAllCopied) return true;
    return isHeld(block) && block.maxt <= fromMs - Math.min(localRetentionMs, retentionMs);
  });
}
