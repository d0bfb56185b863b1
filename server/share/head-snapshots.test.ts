import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { FaultyStore } from '../../lib/objectstore/faulty-store-fixture.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import { makeBlock, removeTree } from './block-fixture.ts';
import { uploadBlock } from './block-upload.ts';
import { isCovered } from './coverage.ts';
import { BlockCatalog, blocksPrefix, headPrefix, HeadSnapshots } from './index.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const startMs = Date.UTC(2026, 10, 20, 12);

let root: string;
let clock: FakeClock;
let store: FaultyStore;
let blocks: BlockCatalog;
let snapshots: HeadSnapshots;
let mayDelete: () => boolean;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'snapshots-'));
  clock = new FakeClock(startMs);
  store = new FaultyStore(new LocalStore(join(root, 'files')));
  mayDelete = () => true;
  snapshots = node('host-a');
});

afterEach(async () => {
  await removeTree(root);
});

const labelsOf = (scraper: string) => ({ serverId: 'serverid', cluster: 'east', scraper });

/** The snapshots as one node of the cluster sees them. */
function node(scraper: string, serverId = 'serverid'): HeadSnapshots {
  blocks = new BlockCatalog(store);
  return new HeadSnapshots({
    ...{ clock, logger: silentLogger, store, blocks, pluginVersion: '0.8.0' },
    labels: () => ({ ...labelsOf(scraper), serverId }),
    epoch: () => 3,
    settings: () => ({ retentionMs: 15 * dayMs, scrapeIntervalMs: 15_000 }),
    mayDelete: () => mayDelete(),
  });
}

let seed = 0;

/** Samples from one time to another, relative to noon. */
function block(fromMs: number, toMs: number): Promise<BlockInfo> {
  const [mint, maxt] = [startMs + fromMs, startMs + toMs];
  return makeBlock({ parentDir: join(root, 'local'), mint, maxt, seed: ++seed });
}

async function publish(fromMs: number, toMs: number): Promise<BlockInfo> {
  const snapshot = await block(fromMs, toMs);
  await snapshots.publish(snapshot);
  return snapshot;
}

/** Puts a finished block of a node into the file store. */
async function finish(scraper: string, fromMs: number, toMs: number): Promise<void> {
  const { dir, ulid } = await block(fromMs, toMs);
  const facts = { epoch: 3, pluginVersion: '0.8.0', nowMs: startMs };
  const upload = { dir, ulid, area: 'data' } as const;
  await uploadBlock(store, upload, { ...facts, labels: labelsOf(scraper) }, undefined);
}

const ulidsOf = (list: readonly { ulid: string }[]) => list.map(({ ulid }) => ulid);

test('keeps snapshots below a prefix of their own, where no reader of blocks looks', async () => {
  const snapshot = await publish(-5 * minuteMs, 0);
  const keys = ['chunks/000001', 'index', 'meta.json', 'tombstones'];
  expect(await keysOf(store, '')).toEqual(
    keys.map((key) => `${headPrefix}${snapshot.ulid}/${key}`),
  );
  await blocks.refresh();
  expect([blocks.blocks(), blocks.partialBlocks()]).toEqual([[], []]);
  const other = node('host-b');
  const { mint, maxt, numSamples, ulid } = snapshot;
  expect(await other.list()).toMatchObject([
    { ulid, mint, maxt, numSamples, labels: { scraper: 'host-a', mattermost_cluster: 'east' } },
  ]);
});

test('tells where the next snapshot of this node begins', async () => {
  expect(snapshots.savedUntilMs()).toBeUndefined();
  await finish('host-b', -1 * hourMs, 2 * hourMs);
  await blocks.refresh();
  expect(snapshots.savedUntilMs()).toBeUndefined();
  await finish('host-a', -2 * hourMs, -1 * hourMs);
  await blocks.refresh();
  expect(snapshots.savedUntilMs()).toBe(startMs - hourMs);
  await publish(-hourMs, -5 * minuteMs);
  expect(snapshots.savedUntilMs()).toBe(startMs - 5 * minuteMs);
  // The clock was ahead when it was made, or it lies: nothing is left out because of it.
  await finish('host-a', 0, 3 * hourMs);
  await blocks.refresh();
  expect(snapshots.savedUntilMs()).toBe(startMs - 5 * minuteMs);
});

test('a dump needs the snapshots whose samples are nowhere else', async () => {
  const own = await publish(-20 * minuteMs, -10 * minuteMs);
  snapshots = node('host-b');
  const others = await publish(-15 * minuteMs, -5 * minuteMs);
  await snapshots.list();
  const needed = (fromMs: number, toMs: number) =>
    ulidsOf(snapshots.needed([{ mint: startMs + fromMs, maxt: startMs + toMs }]));
  expect(needed(0, minuteMs)).toEqual([own.ulid, others.ulid]);
  // What this node has itself says nothing about what the other one had.
  expect(needed(-hourMs, 0)).toEqual([own.ulid]);
  await finish('host-a', -hourMs, -10 * minuteMs);
  await blocks.refresh();
  expect(needed(0, minuteMs)).toEqual([others.ulid]);
  expect(needed(-hourMs, 0)).toEqual([]);
});

test('a failed one is no snapshot, is told and harms nothing', async () => {
  store.fault = ({ operation, key }) =>
    operation === 'put' && key.endsWith('meta.json') ? 'STORE_UNREACHABLE' : undefined;
  await expect(publish(-5 * minuteMs, 0)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(await snapshots.list()).toEqual([]);
  expect(snapshots.savedUntilMs()).toBeUndefined();
  expect(snapshots.problems()).toMatchObject([{ code: 'SYNC_SNAPSHOT_FAILED' }]);
  store.fault = () => undefined;
  await publish(-5 * minuteMs, 0);
  expect(snapshots.problems()).toEqual([]);
});

test('a failure is told for as long as snapshots are tried, and none is one that was given up', async () => {
  store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
  const stop = new AbortController();
  stop.abort();
  const given = snapshots.publish(await block(-5 * minuteMs, 0), { signal: stop.signal });
  await expect(given).rejects.toMatchObject({ name: 'StoreError' });
  expect(snapshots.problems()).toEqual([]);
  await expect(publish(-5 * minuteMs, 0)).rejects.toMatchObject({ code: 'STORE_FULL' });
  await clock.advance(14 * minuteMs);
  expect(snapshots.problems()).toHaveLength(1);
  // Another node collects by now.
  await clock.advance(2 * minuteMs);
  expect(snapshots.problems()).toEqual([]);
});

test('a snapshot leaves when its samples are in blocks of the same collector, and not before', async () => {
  const first = await publish(-130 * minuteMs, -115 * minuteMs);
  const second = await publish(-115 * minuteMs, -110 * minuteMs);
  const left = async () => ulidsOf(await snapshots.list());
  // Of another node, which scraped at other moments.
  await finish('host-b', -3 * hourMs, 0);
  store.calls.length = 0;
  expect(await snapshots.prune()).toBe(0);
  // Snapshots first: what a block that is seen later holds is no longer only in a snapshot seen before.
  const areas = store.calls.filter(({ key }) => [headPrefix, blocksPrefix].includes(key));
  expect(areas.map(({ key }) => key)).toEqual([headPrefix, blocksPrefix]);
  // It holds the first half of the first one.
  await finish('host-a', -4 * hourMs, -2 * hourMs);
  expect(await snapshots.prune()).toBe(0);
  expect(await left()).toEqual([first.ulid, second.ulid]);
  await finish('host-a', -2 * hourMs, -1 * hourMs);
  mayDelete = () => false;
  expect(await snapshots.prune()).toBe(0);
  let asked = 0;
  mayDelete = () => ++asked <= 2;
  // Allowed to begin and for one request: what is left of the first one is no snapshot any more.
  expect(await snapshots.prune()).toBe(0);
  expect(await left()).toEqual([second.ulid]);
  mayDelete = () => true;
  expect(await snapshots.prune()).toBe(1);
  expect(await left()).toEqual([]);
  await blocks.refresh();
  expect(blocks.blocks()).toHaveLength(3);
  expect(await keysOf(store, blocksPrefix)).toHaveLength(12);
});

test('the snapshots of a node that is lost for ever stay as long as blocks do', async () => {
  const lost = await publish(-5 * minuteMs, 0);
  clock = new FakeClock(startMs + 16 * dayMs);
  snapshots = node('host-b');
  expect(await snapshots.prune()).toBe(0);
  await finish('host-b', 15 * dayMs - hourMs, 15 * dayMs - minuteMs);
  expect(await snapshots.prune()).toBe(0);
  expect(ulidsOf(await snapshots.list())).toEqual([lost.ulid]);
  await finish('host-b', 15 * dayMs, 15 * dayMs + hourMs);
  snapshots = node('host-b', 'another server');
  expect(await snapshots.prune()).toBe(0);
  snapshots = node('host-b');
  expect(await snapshots.prune()).toBe(1);
});

test('blocks hold a snapshot when both its ends lie in them and no gap is longer than allowed', () => {
  const want = (spans: readonly [number, number][], isHeld: boolean) => {
    const held = spans.map(([mint, maxt]) => ({ mint, maxt }));
    expect(isCovered({ mint: 100, maxt: 200 }, held, 10)).toBe(isHeld);
  };
  want([], false);
  want([[100, 200]], true);
  want([[0, 300]], true);
  want([[101, 200]], false);
  want([[100, 199]], false);
  want([[0, 100], [200, 300]], false); // prettier-ignore
  want([[0, 150], [160, 300]], true); // prettier-ignore
  want([[160, 300], [0, 150]], true); // prettier-ignore
  want([[0, 150], [161, 300]], false); // prettier-ignore
  want([[0, 190], [20, 120], [195, 200]], true); // prettier-ignore
  want([[0, 90], [50, 120]], false); // prettier-ignore
});
