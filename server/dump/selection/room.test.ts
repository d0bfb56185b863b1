import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreCall } from '../../../lib/objectstore/faulty-store-fixture.ts';
import { seededRng, systemClock } from '../../../lib/runtime/index.ts';
import type { BlockInfo } from '../../../lib/tsdb/index.ts';
import { makeBlock, removeTree } from '../../share/block-fixture.ts';
import { wholeContent, type DumpContent } from './content.ts';
import { DumpCoverage } from './coverage.ts';
import { DumpRig, hourMs, hours, startMs } from '../dump-fixture.ts';
import { spaceMarginBytes } from '../limits.ts';

// Files are flushed for real: on a busy machine that takes its time.
jest.setTimeout(300_000);

/** What the descriptions of some blocks come to, which do not count as bytes of theirs. */
const describedBytes = 16 * 1024;

let rig: DumpRig;
let peakBytes: number;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
  peakBytes = 0;
  // Between any two of these, files are only written or only removed.
  rig.onCall = () => {
    measure();
    return Promise.resolve();
  };
  // Series are many, and each is looked at several times.
  let looks = 0;
  rig.onWorkerProgress = () => {
    if (looks++ % 4 === 0) measure();
  };
});

afterEach(async () => {
  await rig.service.stop();
  await removeTree(rig.root);
});

/** Bytes below the temporary space; a file that the store has too takes nothing. */
function measure(): void {
  let bytes = 0;
  const root = join(rig.dataDirectory, 'dump-work');
  for (const name of readdirSync(root, { recursive: true })) {
    const stats = lstatSync(join(root, String(name)));
    if (stats.isFile() && stats.nlink === 1) bytes += stats.size;
  }
  peakBytes = Math.max(peakBytes, bytes);
}

let seed = 100;
const seedOfRun = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

/** A block of a quarter of a megabyte that begins and ends so many hours before the start. */
async function addBlock(fromHour: number, toHour: number): Promise<BlockInfo> {
  const block = await makeBlock({
    parentDir: rig.dataDirectory,
    mint: startMs - fromHour * hourMs,
    maxt: startMs - toHour * hourMs,
    seriesCount: 60,
    isNoisy: true,
    seed: seed++,
  });
  rig.local.add(block);
  return block;
}

async function dumped(
  from: number,
  to: number,
  content: Partial<DumpContent> = {},
): Promise<number> {
  await rig.catalog.refresh();
  const needed = new DumpCoverage(rig.options()).neededBytes(hours(from, to));
  const { id } = await rig.service.create(hours(from, to), 'admin', {
    ...wholeContent,
    ...content,
  });
  expect((await rig.finished(id)).error).toBeNull();
  return needed - spaceMarginBytes;
}

test('local blocks that are wholly asked for take no space at all', async () => {
  for (const hour of [8, 6, 4]) await addBlock(hour, hour - 2);
  await dumped(8, 0);
  expect(peakBytes).toBe(0);
});

test('a snapshot of the head is gone before anything is fetched', async () => {
  await rig.makeRemote(await addBlock(8, 6));
  rig.local.head = { mint: startMs - hourMs, maxt: startMs - 1 };
  let snapshotBytes = 0;
  rig.onCall = (method) => {
    measure();
    if (method === 'dump.open') snapshotBytes = peakBytes;
    return Promise.resolve();
  };
  await dumped(8, 0);
  const [{ sizeBytes } = { sizeBytes: 0 }] = rig.catalog.blocks();
  expect(snapshotBytes).toBeGreaterThan(0);
  expect(peakBytes).toBeLessThan(sizeBytes + snapshotBytes / 2);
});

test('blocks of the file store take as much as the largest one, not as all', async () => {
  for (const hour of [8, 6, 4]) await rig.makeRemote(await addBlock(hour, hour - 2));
  const needed = await dumped(8, 0);
  const sizes = rig.catalog.blocks().map(({ sizeBytes }) => sizeBytes);
  // What one block is fetched to is all there is, and it is really used.
  expect(peakBytes).toBeLessThanOrEqual(Math.max(...sizes));
  expect(peakBytes).toBeGreaterThan(Math.max(...sizes) * 0.9);
  expect(peakBytes).toBeLessThanOrEqual(needed);
});

test('groups that overlap, and edges, take what was computed and no more', async () => {
  const overlapping: number[] = [];
  for (const [from, to] of [
    [12, 9],
    [11, 8],
    [10, 7],
  ] as const) {
    const block = await addBlock(from, to);
    overlapping.push(block.sizeBytes);
    await rig.makeRemote(block);
  }
  await addBlock(7, 5);
  await rig.makeRemote(await addBlock(5, 3));
  rig.local.head = { mint: startMs - hourMs, maxt: startMs - 1 };
  const needed = await dumped(11.5, 0);
  const groupBytes = overlapping.reduce((sum, bytes) => sum + bytes, 0);
  // What is written anew takes the place of what was read; the description of a block in the file store is longer.
  expect(peakBytes).toBeLessThanOrEqual(groupBytes + describedBytes);
  expect(peakBytes).toBeGreaterThan(0.9 * groupBytes);
  expect(peakBytes).toBeLessThanOrEqual(needed);
});

test('what is asked for anew of blocks of the file store takes what was computed and no more', async () => {
  const rng = seededRng(seedOfRun);
  const contents: Partial<DumpContent>[] = [
    {},
    { redaction: 'hosts-and-ids' },
    { stepSeconds: 60 },
    { filter: { nodes: [], jobs: ['mattermost'], metrics: [] }, redaction: 'hosts-and-ids' },
  ];
  for (const content of contents) {
    // A group of two or three that overlap, of many series or many samples.
    for (let count = 2 + (rng.u32() % 2); count > 0; count--) {
      const block = await makeBlock({
        parentDir: rig.dataDirectory,
        mint: startMs - (9 + (rng.u32() % 60) / 60) * hourMs,
        maxt: startMs - (7 + (rng.u32() % 60) / 60) * hourMs,
        seriesCount: 1 + (rng.u32() % 120),
        stepMs: [15_000, 60_000, 1_800_000][rng.u32() % 3]!,
        isNoisy: rng.u32() % 2 === 0,
        seed: seed++,
      });
      rig.local.add(block);
      await rig.makeRemote(block);
    }
    peakBytes = 0;
    const promised = await dumped(8.5, 0, content);
    // They overlap each other all. An index of aliases can be larger than the one of what they stand for.
    const sizes = rig.catalog.blocks().map(({ sizeBytes }) => sizeBytes);
    const group = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const most = Math.min(promised, 1.1 * group + describedBytes);
    if (peakBytes > most) {
      const what = `${JSON.stringify(content)} with SEED=${String(seedOfRun)}`;
      throw new Error(`${String(peakBytes)} bytes instead of ${String(most)} for ${what}`);
    }
  }
});

test('a dump that has no room is refused before anything is written', async () => {
  await rig.makeRemote(await addBlock(8, 6));
  await rig.makeRemote(await addBlock(7, 5));
  await rig.catalog.refresh();
  const needed = new DumpCoverage(rig.options()).neededBytes(hours(8, 0));
  const { calls } = rig.store;
  calls.length = 0;
  rig.freeBytes = needed - 1;
  const refused = rig.service.create(hours(8, 0), 'admin');
  await expect(refused).rejects.toMatchObject({ code: 'DUMP_NO_SPACE' });
  expect(calls.filter(({ operation }) => operation === 'put')).toEqual([]);
  expect(rig.kv.writes).toBe(0);
  expect(readdirSync(rig.dataDirectory)).toEqual([]);
  rig.freeBytes = needed;
  const { id } = await rig.service.create(hours(8, 0), 'admin');
  expect((await rig.finished(id)).state).toBe('ready');
});

test('a job that has no room any more when it begins ends before anything is fetched', async () => {
  await rig.makeRemote(await addBlock(8, 6));
  const { id } = await rig.service.create(hours(8, 0), 'admin');
  rig.freeBytes = 1000;
  expect(await rig.finished(id)).toMatchObject({
    state: 'failed',
    error: { code: 'DUMP_NO_SPACE' },
  });
  const fetched = ({ key, operation }: StoreCall) => operation === 'get' && key.endsWith('index');
  expect(rig.store.calls.filter(fetched)).toEqual([]);
  expect(peakBytes).toBe(0);
});

describe('an archive that is kept on a disk', () => {
  beforeEach(() => {
    rig.onWorkerProgress = () => undefined;
  });

  /** What is left for the archive itself. */
  function leave(bytes: number): void {
    rig.archiveDisk = { freeBytes: bytes + spaceMarginBytes, isOfData: false };
  }

  test('is refused when it has no room there, with what to do, before anything is written', async () => {
    await addBlock(8, 6);
    const { bytes } = await rig.service.estimate(hours(8, 0));
    leave(Math.floor(0.9 * bytes));
    const refused = rig.service.create(hours(8, 0), 'admin');
    await expect(refused).rejects.toMatchObject({
      code: 'DUMP_STORE_FULL',
      message: expect.stringMatching(/free for it on the disk of the file store: make room/),
    });
    expect(rig.kv.writes).toBe(0);
    // Thinned out it has room.
    const content = { ...wholeContent, stepSeconds: 600 };
    const { id } = await rig.service.create(hours(8, 0), 'admin', content);
    expect((await rig.finished(id)).state).toBe('ready');
    leave(Math.ceil(1.1 * bytes));
    const whole = await rig.service.create(hours(8, 0), 'admin');
    expect((await rig.finished(whole.id)).state).toBe('ready');
  });

  test('shares it with temporary space where both are on one', async () => {
    await rig.makeRemote(await addBlock(8, 6));
    await rig.catalog.refresh();
    const { bytes } = await rig.service.estimate(hours(8, 0));
    const needed = new DumpCoverage(rig.options()).neededBytes(hours(8, 0));
    rig.archiveDisk = { freeBytes: needed + Math.floor(bytes / 2), isOfData: true };
    const code = 'DUMP_STORE_FULL';
    await expect(rig.service.create(hours(8, 0), 'admin')).rejects.toMatchObject({ code });
    rig.archiveDisk = { freeBytes: needed + Math.ceil(1.2 * bytes), isOfData: true };
    const { id } = await rig.service.create(hours(8, 0), 'admin');
    expect((await rig.finished(id)).state).toBe('ready');
  });

  test('fails at once when there is no room any more as its job begins', async () => {
    await rig.makeRemote(await addBlock(8, 6));
    const begun = Promise.withResolvers<undefined>();
    rig.onFlush = () => begun.promise;
    const first = await rig.service.create(hours(8, 0), 'admin');
    const second = await rig.service.create(hours(8, 0), 'admin');
    leave(1000);
    begun.resolve(undefined);
    expect((await rig.finished(first.id)).state).toBe('ready');
    rig.store.calls.length = 0;
    expect(await rig.finished(second.id)).toMatchObject({
      state: 'failed',
      error: { code: 'DUMP_STORE_FULL' },
    });
    expect(rig.store.calls.filter(({ operation }) => operation === 'put')).toEqual([]);
  });

  test('is not judged where the file store cannot tell', async () => {
    await addBlock(8, 6);
    rig.archiveDisk = { freeBytes: null, isOfData: false };
    const { id } = await rig.service.create(hours(8, 0), 'admin');
    expect((await rig.finished(id)).state).toBe('ready');
  });
});
