import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { FakeClock, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { inlineThread, isUlid, Store } from '../../lib/tsdb/index.ts';
import {
  addBlock,
  addSample,
  bitsOf,
  labelsOf,
  staleHi,
  staleLo,
  testSeed,
  type Contents,
} from '../../lib/tsdb/store/store-fixture.ts';
import { removeTree } from '../share/block-fixture.ts';
import { archiveKey, BlockCatalog, BlockSync } from '../share/index.ts';
import { DumpRig, startMs } from './dump-fixture.ts';
import { DumpService } from './index.ts';

const blockRangeMs = 600_000;
const stepMs = 10_000;
const steps = 700;
/** Nothing is deleted before, so that there is something to merge. */
const calmSteps = 440;
const seriesCount = 4;

/** Everything that a node has, with the real store in it. */
async function openNode(root: string, rng: ReturnType<typeof seededRng>) {
  const clock = new FakeClock(startMs);
  const dataDirectory = join(root, 'data');
  const objects = new LocalStore(join(root, 'files'));
  const catalog = new BlockCatalog(objects);
  const thread = inlineThread();
  const store = await Store.open({
    ...{ dir: dataDirectory, clock, rng, thread, blockRangeMs },
    mayMerge: (block) => catalog.holds(block),
  });
  const sync = new BlockSync({
    clock,
    logger: silentLogger,
    store: objects,
    catalog,
    local: store,
    driver: 'local',
    settings: () => ({
      retentionMs: 1e12,
      localSizeLimitBytes: 0,
      syncPeriodMs: 3_600_000,
      cleanupPeriodMs: 7_200_000,
    }),
    labels: () => ({ serverId: 'server', cluster: 'single', scraper: 'a' }),
    epoch: () => 0,
    pluginVersion: '0.8.0',
    freeBytes: () => Promise.resolve(null),
  });
  const dumps = new DumpService({
    ...new DumpRig(root).options(),
    ...{ clock, catalog, dataDirectory, rng, store: objects, local: () => store },
  });
  return { catalog, clock, dumps, store, sync };
}

type Node = Awaited<ReturnType<typeof openNode>>;

/** One scrape of all series, with gaps, series that come and go, and stale markers. */
async function scrape(node: Node, model: Contents, rng: { u32(): number }): Promise<void> {
  const batch = node.store.newBatch();
  const timeMs = node.clock.nowMs();
  for (let at = 0; at < seriesCount; at++) {
    if (rng.u32() % 10 === 0) continue;
    const labels = labelsOf('test_total', { instance: `host-${String(at)}` });
    const isStale = rng.u32() % 50 === 0;
    const [lo, hi] = isStale ? [staleLo, staleHi] : bitsOf((rng.u32() % 1000) / 8);
    batch.push(node.store.seriesRef(labels), lo, hi, timeMs);
    addSample(model, labels, timeMs, lo, hi);
  }
  await node.store.commit(batch);
}

/** Samples of an archive, read with tar and the block reader; blocks of one dump never overlap. */
async function samplesOf(root: string, id: string): Promise<Contents> {
  const dir = join(root, `unpacked-${id}`);
  await mkdir(dir);
  const path = join(root, 'files', archiveKey(id));
  execFileSync('tar', ['xzf', path, '-C', dir, '--warning=no-timestamp']);
  const contents: Contents = new Map();
  for (const name of await readdir(dir)) if (isUlid(name)) addBlock(contents, join(dir, name));
  return contents;
}

function between(model: Contents, fromMs: number, toMs: number): Contents {
  const kept: Contents = new Map();
  for (const [key, samples] of model) {
    const inside = [...samples].filter(([timeMs]) => timeMs >= fromMs && timeMs < toMs);
    if (inside.length > 0) kept.set(key, new Map(inside));
  }
  return kept;
}

async function finished({ dumps }: Node, id: string) {
  for (;;) {
    const dump = await dumps.get(id);
    if (dump.state !== 'queued' && dump.state !== 'running') return dump;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

test('holds exactly the samples of its range, wherever they are', async () => {
  const seed = testSeed();
  const rng = seededRng(seed);
  const root = await mkdtemp(join(tmpdir(), 'dump-store-'));
  const node = await openNode(root, rng);
  const model: Contents = new Map();
  let merged = 0;
  try {
    node.sync.start();
    await node.dumps.start();
    for (let step = 1; step <= steps; step++) {
      await node.clock.advance(stepMs);
      if (rng.u32() % 8 !== 0) await scrape(node, model, rng);
      if (step % 40 === 0) {
        await node.store.maintain();
        if (rng.u32() % 2 === 0 || step === calmSteps) await node.sync.syncNow();
        await node.store.maintain();
        merged += node.store.blocks().filter(({ sources }) => sources.length > 1).length;
        // Some blocks are only remote, some only local, some both.
        const remote = node.store.blocks().filter((block) => node.catalog.holds(block));
        if (step > calmSteps && remote[0] !== undefined && rng.u32() % 4 === 0) {
          await node.store.deleteBlock(remote[0].ulid);
        }
      }
    }
    // Nothing that was merged here has been uploaded again.
    expect(node.catalog.blocks().length).toBeGreaterThan(3);
    for (const { ulid, sources } of node.catalog.blocks()) expect(sources).toEqual([ulid]);
    expect(merged).toBeGreaterThan(0);
    for (let at = 0; at < 4; at++) {
      const spanMs = steps * stepMs;
      const ends = [rng.u32() % spanMs, rng.u32() % spanMs].sort((a, b) => a - b);
      const fromMs = startMs + ends[0]!;
      const toMs = at === 0 ? node.clock.nowMs() + 1 : startMs + ends[1]! + 1;
      const want = between(model, fromMs, toMs);
      if (want.size === 0) continue;
      const { id } = await node.dumps.create({ fromMs, toMs }, 'admin');
      const dump = await finished(node, id);
      expect(dump.error).toBeNull();
      const got = await samplesOf(root, id);
      expect(new Map([...got].sort())).toEqual(new Map([...want].sort()));
      const count = [...want.values()].reduce((sum, samples) => sum + samples.size, 0);
      const times = [...want.values()].flatMap((samples) => [...samples.keys()]);
      const actual = { fromMs: Math.min(...times), toMs: Math.max(...times) };
      expect(dump).toMatchObject({ samples: count, series: want.size, warnings: [], actual });
    }
  } catch (error) {
    throw new Error(`SEED=${String(seed)}`, { cause: error });
  } finally {
    await node.dumps.stop();
    await node.sync.stop(1000);
    await node.store.close();
    await removeTree(root);
  }
});
