import { join } from 'node:path';
import { makeDirectory } from '../../runtime/index.ts';
import { sweepTemporary } from '../disk/index.ts';
import { Head, Pacer } from '../head/index.ts';
import { BlockSet } from './block-set.ts';
import { defaultBlockRangeMs, defaultStoreLimits, maxReplayProblems } from './limits.ts';
import { DirectoryLock } from './lock.ts';
import { sweepForeignCaches } from './foreign-caches.ts';
import { sweepPageFiles } from './page-file.ts';
import { mendWal } from './mend-wal.ts';
import { Problems } from './problems.ts';
import { settleRepairs } from './repair-record.ts';
import { replayWal } from './replay.ts';
import type { LostRange, StoreLimits, StoreOptions } from './types.ts';
import { listWalDir, prepareWalDir } from './wal-dir.ts';
import { WalLog } from './wal-log.ts';
import { WalWriter } from './wal-writer.ts';

/** What an open store is made of. */
export interface StoreParts {
  lock: Pick<DirectoryLock, 'release'>;
  head: Head;
  blocks: BlockSet;
  wal: WalLog;
  problems: Problems;
  limits: StoreLimits;
  /** Times of which the WAL has lost samples, as far as later ones are there. */
  lost: readonly LostRange[];
  /** Forgets what was mended; see `Store.settleRepairs`. */
  settleRepairs: () => Promise<void>;
}

/** Locks the directory and brings everything in it into memory; on failure the lock is free again. */
export async function openStore(options: StoreOptions): Promise<StoreParts> {
  await makeDirectory(options.dir, 0o750);
  const lock = await DirectoryLock.acquire(options.dir, options.rng);
  try {
    return { lock, ...(await load(options)) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function load(options: StoreOptions): Promise<Omit<StoreParts, 'lock'>> {
  const { dir, clock } = options;
  const limits = { ...defaultStoreLimits, ...options.limits };
  const pacer = new Pacer(clock);
  const problems = new Problems();
  const swept = sweepTemporary(dir);
  await sweepPageFiles(dir);
  const blocks = new BlockSet();
  for (const problem of await blocks.load(dir, pacer)) problems.set(problem.message, problem);
  const walDir = join(dir, 'wal');
  await prepareWalDir(walDir);
  const head = new Head(options.blockRangeMs ?? defaultBlockRangeMs);
  const listing = await listWalDir(walDir);
  const replayed = await replayWal({ walDir, listing, head, oldestMs: blocks.maxt, pacer });
  const { aliases, damages, holes, samplesUnknown, unlogged } = replayed;
  const found = { damages, holes, samplesUnknown, segments: listing.segments };
  const repair = { storeDir: dir, walDir, ...found, nowMs: clock.nowMs() };
  const { problems: told, lost } = await mendWal(repair, replayed.lost);
  for (const problem of told.slice(0, maxReplayProblems)) problems.set(problem.message, problem);
  swept.push(...(await sweepForeignCaches(dir)));
  if (swept.length > 0) options.onSwept?.(swept);
  // What series without samples were once is of no use, and replay made all that the WAL names.
  await head.collect(pacer, Infinity);
  const repaired = damages.length === 0 ? listing : await listWalDir(walDir);
  // Segments that were moved aside leave no hole in the numbers: others than we read this WAL, too.
  const writer = await WalWriter.open(walDir, repaired.next, options.openWalFile);
  const wal = new WalLog({
    ...{ dir: walDir, head, writer, listing: repaired },
    segmentLimit: limits.walSegmentBytes,
    aliases: { aliasFrom: aliases.from, aliasTo: aliases.to },
  });
  for (const slot of unlogged) {
    if (head.series.refs[slot] !== 0) wal.noteSeries(head.series.refs[slot]!);
  }
  return { head, blocks, wal, problems, limits, lost, settleRepairs: () => settleRepairs(dir) };
}
