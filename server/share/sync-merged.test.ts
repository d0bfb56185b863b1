import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { seededRng } from '../../lib/runtime/index.ts';
import { mergeBlocks, newUlid, type BlockInfo } from '../../lib/tsdb/index.ts';
import { blockInfo } from './block-fixture.ts';
import { dayMs, filesOf, hourMs, startMs, SyncBench } from './sync-bench-fixture.ts';

let bench: SyncBench;

beforeEach(async () => {
  bench = await SyncBench.open();
});

afterEach(async () => {
  await bench.close();
});

/** Puts one block in the place of all others, as the local store does. */
async function mergeShelf(): Promise<BlockInfo> {
  const parts = [...bench.shelf.blocks()];
  const ulid = newUlid(startMs, seededRng(bench.nextSeed()));
  const dirs = parts.map(({ dir }) => dir);
  const payload = { dirs, parentDir: join(bench.root, 'data'), ulid };
  const merged = mergeBlocks(payload, { checkCancelled: () => undefined })!;
  bench.shelf.add(await blockInfo(merged.dir));
  for (const part of parts) await bench.shelf.deleteBlock(part.ulid);
  return bench.shelf.blocks()[0]!;
}

async function remoteUlids(): Promise<string[]> {
  await bench.catalog.refresh();
  return bench.catalog.blocks().map(({ ulid }) => ulid);
}

test('merged blocks are not copied when what they were made of is in the file store', async () => {
  for (const age of [8, 6, 4]) await bench.addBlock(age * hourMs);
  bench.sync.start();
  await bench.sync.syncNow();
  const before = await remoteUlids();
  const merged = await mergeShelf();
  expect([bench.catalog.has(merged.ulid), bench.catalog.holds(merged)]).toEqual([false, true]);
  await bench.sync.syncNow();
  expect(await remoteUlids()).toEqual(before);
  expect(bench.sync.status()).toMatchObject({ remoteBlocks: 3, pendingBlocks: 0 });
});

test('merged blocks leave as others do: after three days, or when the disk is short', async () => {
  for (const age of [90, 88, 86]) await bench.addBlock(age * hourMs);
  bench.sync.start();
  bench.settings.cleanupPeriodMs = dayMs;
  bench.store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
  await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
  const merged = await mergeShelf();
  await bench.addBlock(hourMs);
  await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(bench.shelf.blocks()[0]).toEqual(merged);
  bench.store.fault = () => undefined;
  await bench.sync.syncNow();
  expect(bench.catalog.blocks()[0]).toMatchObject({ ulid: merged.ulid, sources: merged.sources });
  expect(bench.shelf.blocks()).toHaveLength(1);
});

test('merged blocks are copied when the file store has lost a source, unless retention took it', async () => {
  for (const age of [8, 6, 4]) await bench.addBlock(age * hourMs);
  const [first, second] = bench.shelf.blocks();
  bench.sync.start();
  await bench.sync.syncNow();
  const merged = await mergeShelf();
  for (const key of filesOf(first!)) await bench.store.delete(key);
  bench.settings.retentionMs = 5 * hourMs;
  await bench.sync.syncNow();
  expect(bench.catalog.has(merged.ulid)).toBe(false);
  bench.settings.retentionMs = 15 * dayMs;
  await bench.sync.syncNow();
  expect(bench.catalog.has(merged.ulid)).toBe(true);
  expect(bench.catalog.holds(second!)).toBe(true);
});

/** Gives up what a full disk asks for, once retention took the oldest of three sources, and `lost` are gone. */
async function giveUpMerged(...lost: number[]): Promise<string[]> {
  for (const age of [8, 6, 4]) await bench.addBlock(age * hourMs);
  const parts = bench.shelf.blocks();
  bench.sync.start();
  await bench.sync.syncNow();
  await mergeShelf();
  bench.settings.retentionMs = 3 * hourMs;
  await bench.clock.advance(2 * hourMs);
  for (const at of lost) for (const key of filesOf(parts[at]!)) await bench.store.delete(key);
  await bench.sync.syncNow();
  expect(await remoteUlids()).toHaveLength(2 - lost.length);
  bench.freeBytes = 0;
  expect(await bench.sync.relieveDisk()).toBe(1);
  expect(bench.lost).toHaveLength(lost.length === 0 ? 0 : 1);
  return bench.sync.problems().map(({ code }) => code);
}

test('merged blocks are no loss when a full disk takes them and the file store lacks only what is too old', async () => {
  expect(await giveUpMerged()).toEqual(['SYNC_DISK_SHORT']);
});

test.each([
  ['the next one', [1]],
  ['the newest', [2]],
  ['all', [1, 2]],
])('merged blocks are a loss when it lacks more: %s', async (_name, lost) => {
  expect(await giveUpMerged(...lost)).toContain('SYNC_BLOCKS_LOST');
});
