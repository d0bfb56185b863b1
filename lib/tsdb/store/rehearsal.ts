import { assert } from '../../runtime/index.ts';
import { Head } from '../head/index.ts';
import { BlockSet } from './block-set.ts';
import { defaultBlockRangeMs, defaultStoreLimits } from './limits.ts';
import type { StoreParts } from './open-store.ts';
import { Problems } from './problems.ts';
import type { StoreThread } from './types.ts';
import { WalLog } from './wal-log.ts';
import { WalWriter, type WalFile } from './wal-writer.ts';

/** Takes what is written and keeps none of it. */
const noFile: WalFile = {
  write: (_bytes, _offset, length) => Promise.resolve({ bytesWritten: length }),
  truncate: () => Promise.resolve(),
  datasync: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** The thread of a store that ends before its first block range does. */
export const noThread: StoreThread = {
  call(method) {
    assert(false, `a rehearsal has no thread for ${method}`);
  },
};

/** What a store in memory is made of: nothing of it ever touches a disk. */
export async function rehearsalParts(): Promise<StoreParts> {
  const head = new Head(defaultBlockRangeMs);
  const openFile = () => Promise.resolve(noFile);
  const writer = await WalWriter.open('', 0, openFile, () => Promise.resolve());
  const none = { checkpoint: undefined, checkpointSegments: [], checkpointBytes: 0 };
  const listing = { ...none, segments: [], next: 0, segmentBytes: new Map<number, number>() };
  const aliases = { aliasFrom: new Uint32Array(0), aliasTo: new Uint32Array(0) };
  const segmentLimit = defaultStoreLimits.walSegmentBytes;
  return {
    lock: { release: () => Promise.resolve() },
    head,
    blocks: new BlockSet(),
    wal: new WalLog({ dir: '', head, writer, segmentLimit, listing, aliases }),
    problems: new Problems(),
    limits: defaultStoreLimits,
    lost: [],
    settleRepairs: () => Promise.resolve(),
  };
}
