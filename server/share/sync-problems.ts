import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import type { SyncError } from './errors.ts';
import type { PartialBlock, RemoteBlock } from './block-catalog.ts';
import { syncOverdueMs } from './limits.ts';
import { isForeign } from './retention.ts';

const link = consolePages.fileStorage;

/** Sync as a whole fails; after a day it is an error, because local retention comes nearer. */
export function failingProblem(state: {
  error: SyncError | null;
  forMs: number;
  pendingBlocks: number;
}): Problem | undefined {
  const { error, forMs, pendingBlocks } = state;
  if (error === null) return undefined;
  return makeProblem({
    code: 'SYNC_FAILED',
    severity: forMs > syncOverdueMs ? 'error' : 'warning',
    message: say('sync.failing', { code: error.code, blockCount: pendingBlocks }),
    advice: say('sync.failing.advice', { reason: error.sentence }),
    link,
  });
}

export function foreignProblem(
  blocks: readonly RemoteBlock[],
  serverId: string,
): Problem | undefined {
  const count = blocks.filter((block) => isForeign(block, serverId)).length;
  if (count === 0) return undefined;
  return makeProblem({
    code: 'SYNC_FOREIGN_BLOCKS',
    severity: 'warning',
    message: say('sync.foreign', { blockCount: count }),
    advice: say('sync.foreign.advice'),
    link,
  });
}

/** Blocks whose `meta.json` cannot be believed, and that are not on the own disk to be written again. */
export function damagedProblem(
  partial: readonly PartialBlock[],
  local: readonly BlockInfo[],
): Problem | undefined {
  const own = new Set(local.map(({ ulid }) => ulid));
  const damaged = partial.filter(({ kind, ulid }) => kind === 'damaged' && !own.has(ulid));
  const [first] = damaged;
  if (first === undefined) return undefined;
  const { reason, ulid } = first;
  return makeProblem({
    code: 'SYNC_DAMAGED_BLOCKS',
    severity: 'warning',
    message: say('sync.damaged', { blockCount: damaged.length, ulid, reason }),
    advice: say('sync.damaged.advice'),
    link,
  });
}
