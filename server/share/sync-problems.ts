import { consolePages, type ApiError, type Problem } from '../../api/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import type { PartialBlock, RemoteBlock } from './block-catalog.ts';
import { syncOverdueMs } from './limits.ts';
import { isForeign } from './retention.ts';

const link = consolePages.fileStorage;

/** Sync as a whole fails; after a day it is an error, because local retention comes nearer. */
export function failingProblem(state: {
  error: ApiError | null;
  forMs: number;
  pendingBlocks: number;
}): Problem | undefined {
  const { error, forMs, pendingBlocks } = state;
  if (error === null) return undefined;
  return {
    code: 'SYNC_FAILED',
    severity: forMs > syncOverdueMs ? 'error' : 'warning',
    message: `Blocks do not reach the file store (${error.code}); ${waiting(pendingBlocks)}.`,
    advice: `${error.message} Nothing is lost while the local disk has room.`,
    link,
  };
}

function waiting(blocks: number): string {
  if (blocks === 0) return 'none waits on this node yet';
  return blocks === 1 ? '1 waits on this node' : `${String(blocks)} wait on this node`;
}

export function foreignProblem(
  blocks: readonly RemoteBlock[],
  serverId: string,
): Problem | undefined {
  const count = blocks.filter((block) => isForeign(block, serverId)).length;
  if (count === 0) return undefined;
  return {
    code: 'SYNC_FOREIGN_BLOCKS',
    severity: 'warning',
    message: `The file store holds ${String(count)} blocks of another Mattermost server; retention leaves them alone.`,
    advice: 'Give each Mattermost server its own directory, bucket or path prefix.',
    link,
  };
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
  return {
    code: 'SYNC_DAMAGED_BLOCKS',
    severity: 'warning',
    message: `The file store holds ${String(damaged.length)} damaged blocks, for example ${first.ulid} (${first.reason}); they are in no dump and are left as they are.`,
    advice: 'Restore them from a backup of the file store, or delete their directories.',
    link,
  };
}
