// Blocks of two hours with 2.8 million samples each: cut by the store, merged, replayed from a WAL.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BodyMaker } from './body-maker.ts';
import { report } from './child.ts';
import { FedStore, startMs } from './fed-store.ts';
import { median } from './measure.ts';
import { SliceProbe } from './slice-probe.ts';
import { TimedThread } from './timed-thread.ts';

export interface BlocksResult {
  cutMs: number;
  /** Longest stretch of the main thread while blocks were cut. */
  cutSliceMs: number;
  mergeMs: number;
  bytesPerSample: number;
  /** A directory with one cut block, for the one who compares it; the parent removes it. */
  blockDir: string;
  replayMSamples: number;
  replaySliceMs: number;
}

const stepMs = 15_000;
const scrapesPerBlock = (2 * 3600 * 1000) / stepMs;
const blocks = 3;
const repeats = 3;

const bodies = new BodyMaker(1).many(Number(process.argv[2] ?? 128));
const root = mkdtempSync(join(tmpdir(), 'metrics-bench-'));

/** Feeds scrapes from number `from` on; a block that becomes due is cut on the way. */
async function fill(fed: FedStore, from: number, to: number): Promise<void> {
  const target = fed.target();
  for (let i = from; i < to; i++) {
    await fed.feed(target, bodies[i % bodies.length]!, startMs + i * stepMs);
  }
}

async function cutBlocks() {
  const thread = new TimedThread();
  const fed = await FedStore.open(thread, join(root, 'cut'));
  const probe = new SliceProbe();
  const target = fed.target();
  await probe.start();
  for (let i = 0; fed.store.blocks().length < blocks; i++) {
    await fed.feed(target, bodies[i % bodies.length]!, startMs + i * stepMs);
    // The store begins to cut by itself; the samples wait, so that the block is the same each time.
    if (i % scrapesPerBlock === scrapesPerBlock / 2 + 1) await fed.store.maintain();
  }
  await probe.stop();
  const cut = fed.store
    .blocks()
    .map(({ dir, numSamples, sizeBytes }) => ({ dir, numSamples, sizeBytes }));
  const kept = join(root, 'kept');
  mkdirSync(kept);
  for (const { dir } of cut) cpSync(dir, join(kept, dir.slice(-26)), { recursive: true });
  await fed.close();
  return {
    cutMs: median(thread.tookMs.get('tsdb.writeHeadBlock') ?? []),
    cutSliceMs: probe.longestMs,
    bytesPerSample: cut[0]!.sizeBytes / cut[0]!.numSamples,
    dirs: readdirSync(kept).map((name) => join(kept, name)),
  };
}

async function mergeBlocks(dirs: string[]): Promise<number> {
  const thread = new TimedThread();
  for (let i = 0; i < repeats; i++) {
    const parentDir = join(root, `merged-${i}`);
    mkdirSync(parentDir);
    await thread.call('bench.merge', { dirs, parentDir });
    rmSync(parentDir, { recursive: true });
  }
  return median(thread.tookMs.get('bench.merge') ?? []);
}

async function replay() {
  const dir = join(root, 'replay');
  const fed = await FedStore.open(undefined, dir);
  await fill(fed, 0, scrapesPerBlock);
  const samples = fed.store.stats().headSamples;
  const { clock } = fed;
  await fed.store.close();
  const rates: number[] = [];
  const probe = new SliceProbe();
  for (let i = 0; i < repeats; i++) {
    await probe.start();
    const before = process.cpuUsage();
    const again = await FedStore.open(undefined, dir, clock);
    const { user, system } = process.cpuUsage(before);
    await probe.stop();
    if (again.store.stats().headSamples !== samples) throw new Error('replay lost samples');
    rates.push(samples / (user + system));
    await again.store.close();
  }
  return { replayMSamples: median(rates), replaySliceMs: probe.longestMs };
}

const { dirs, ...cut } = await cutBlocks();
const mergeMs = await mergeBlocks(dirs);
const replayed = await replay();
const [blockDir = ''] = dirs;
report({ ...cut, mergeMs, ...replayed, blockDir } satisfies BlocksResult);
