import { describe, expect, test } from '@jest/globals';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import type { RemoteBlock } from './block-catalog.ts';
import { localRetentionMs } from './limits.ts';
import { agedLocalBlocks, expiredBlocks, referenceMs } from './retention.ts';

const hourMs = 3_600_000;
const nowMs = 1_700_000_000_000;

/** Blocks that end so long ago, in this order. */
function endedAgo<Block>(...agesMs: number[]): Block[] {
  return agesMs.map((ageMs, at) => {
    const maxt = nowMs - ageMs;
    return { ulid: String(at), mint: maxt - hourMs, maxt, labels: {}, sources: [] } as Block;
  });
}

describe('ages are counted', () => {
  test('from now on, however far ahead a block says that it ends', () => {
    expect(referenceMs(nowMs, endedAgo(-48 * hourMs, hourMs))).toBe(nowMs);
  });

  test('from the newest block on when it is older', () => {
    expect(referenceMs(nowMs, endedAgo(5 * hourMs, 2 * hourMs))).toBe(nowMs - 2 * hourMs);
  });
});

test('a remote block is old as soon as its last sample is', () => {
  const blocks = endedAgo<RemoteBlock>(hourMs, hourMs - 1);
  const options = { serverId: 'a', fromMs: nowMs, retentionMs: hourMs };
  expect(expiredBlocks(blocks, options)).toEqual([blocks[0]]);
});

describe('a local block', () => {
  const aged = (blocks: BlockInfo[], retentionMs: number, known: object) =>
    agedLocalBlocks(blocks, {
      ...{ isHeld: () => false, isAllCopied: false, fromMs: nowMs, retentionMs },
      ...known,
    });

  test('that is in the file store goes after some days, or with retention when that is shorter', () => {
    const isHeld = () => true;
    const days = endedAgo<BlockInfo>(localRetentionMs, localRetentionMs - 1);
    expect(aged(days, 10 * localRetentionMs, { isHeld })).toEqual([days[0]]);
    const hours = endedAgo<BlockInfo>(hourMs, hourMs - 1);
    expect(aged(hours, hourMs, { isHeld })).toEqual([hours[0]]);
  });

  test('that is nowhere else goes with retention, when all that is to be copied is', () => {
    const blocks = endedAgo<BlockInfo>(hourMs, hourMs - 1);
    expect(aged(blocks, hourMs, { isAllCopied: true })).toEqual([blocks[0]]);
    expect(aged(blocks, hourMs, {})).toEqual([]);
  });
});
