import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FaultyStore } from '../../lib/objectstore/faulty-store-fixture.ts';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { FakeClock, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { quiet } from '../../lib/runtime/quiet-fixture.ts';
import { Store, inlineThread, labelsFrom } from '../../lib/tsdb/index.ts';
import { BlockCatalog, HeadSnapshots } from '../share/index.ts';
import type { Collecting } from './collecting.ts';
import { HeadKeeper } from './head-keeper.ts';

const minuteMs = 60_000;

let root: string;
let clock: FakeClock;
let store: Store;
let files: FaultyStore;
let settledMs: number;
let published: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'head-keeper-'));
  clock = new FakeClock();
  store = await Store.open({
    dir: join(root, 'data'),
    clock,
    rng: seededRng(1),
    thread: inlineThread(),
  });
  files = new FaultyStore(new LocalStore(join(root, 'files')));
  settledMs = Infinity;
  published = 0;
});

afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true });
});

/** A process that keeps heads, over the same disks as the one before. */
function open() {
  const snapshots = new HeadSnapshots({
    ...{ clock, logger: silentLogger, store: files, blocks: new BlockCatalog(files) },
    labels: () => ({ serverId: 's'.repeat(26), cluster: 'mm', scraper: 'a' }),
    ...{ epoch: () => 1, pluginVersion: '0.9.0', mayDelete: () => true },
    settings: () => ({ retentionMs: 15 * 24 * 60 * minuteMs, scrapeIntervalMs: 15_000 }),
  });
  const keeper = new HeadKeeper({
    ...{ clock, logger: silentLogger, store, snapshots, dataDirectory: join(root, 'data') },
    collecting: { collector: { settledMs: () => settledMs } } as unknown as Collecting,
    onPublished: () => published++,
  });
  return { keeper, snapshots };
}

async function put(timeMs: number): Promise<void> {
  const batch = store.newBatch();
  batch.push(store.seriesRef(labelsFrom([['__name__', 'm']])), 0, 0, timeMs);
  await store.commit(batch);
}

/** Ranges of the snapshots in the file store, relative to a time. */
async function ranges({ snapshots }: ReturnType<typeof open>, fromMs: number) {
  return (await snapshots.list()).map(({ mint, maxt }) => [mint - fromMs, maxt - fromMs]);
}

/** Virtual time, none of which passes while a snapshot is made. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= minuteMs / 2) {
    await clock.advance(minuteMs / 2);
    await quiet();
  }
}

test('copies what no earlier snapshot holds, before it is five minutes old', async () => {
  const run = open();
  const startMs = clock.nowMs();
  run.keeper.start();
  for (let minute = 0; minute < 15; minute++) {
    await put(clock.nowMs());
    await pass(minuteMs);
    const keptMs = (await run.snapshots.list()).at(-1)?.maxt;
    const oldestMissingMs = keptMs === undefined ? startMs : keptMs - 1 + minuteMs;
    expect(clock.nowMs() - oldestMissingMs).toBeLessThanOrEqual(5 * minuteMs);
  }
  await run.keeper.stop();
  const copied = await ranges(run, startMs);
  expect(copied.length).toBeGreaterThanOrEqual(3);
  for (const [at, [mint = 0]] of copied.entries()) {
    expect(mint).toBeGreaterThanOrEqual(copied[at - 1]?.[1] ?? 0);
  }
  expect(published).toBe(copied.length);
  expect(await readdir(join(root, 'data'))).not.toContain('head-work');
});

test('begins again where a scrape was under way', async () => {
  const run = open();
  const startMs = clock.nowMs();
  await put(startMs);
  await clock.advance(10_000);
  settledMs = startMs + 5_000;
  await put(startMs + 10_000);
  await run.keeper.publish();
  // The scrape that began before the snapshot and ended after it.
  await put(startMs + 10_001);
  settledMs = Infinity;
  await run.keeper.publish();
  expect(await run.keeper.publish()).toBeUndefined();
  expect(await ranges(run, startMs)).toEqual([
    [0, 10_001],
    [10_000, 10_002],
  ]);
});

test('goes on after a restart, and after a file store that was away', async () => {
  const startMs = clock.nowMs();
  const first = open();
  await put(startMs);
  await clock.advance(5 * minuteMs);
  await put(clock.nowMs());
  await first.keeper.publish();
  await clock.advance(minuteMs);
  await put(clock.nowMs());
  const second = open();
  files.fault = ({ operation }) => (operation === 'put' ? 'STORE_UNREACHABLE' : undefined);
  await expect(second.keeper.publish()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(second.snapshots.problems()).toMatchObject([{ code: 'SYNC_SNAPSHOT_FAILED' }]);
  files.fault = () => undefined;
  await second.keeper.publish();
  // What was under way when the first run ended is not known: a minute is copied twice.
  expect(await ranges(second, startMs)).toEqual([
    [0, 5 * minuteMs + 1],
    [5 * minuteMs, 6 * minuteMs + 1],
  ]);
});
