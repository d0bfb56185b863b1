import { rm, stat } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  systemRng,
  type Rng,
  type ThreadContext,
  type ThreadHandlers,
} from '../../lib/runtime/index.ts';
import { newUlid, openBlock, rewriteBlocks, type RewrittenBlock } from '../../lib/tsdb/index.ts';
import { ArchiveWriter } from './archive-writer.ts';
import { DumpError } from './errors.ts';
import { seriesFilter } from './filter.ts';
import { SeriesCount } from './series-count.ts';
import type {
  AddGroupRequest,
  AddGroupResult,
  DiscardRequest,
  FinishRequest,
  FinishResult,
  GroupProgress,
  OpenRequest,
} from './worker-protocol.ts';

/** One archive that is being written. */
interface Session {
  archive: ArchiveWriter;
  series: SeriesCount;
  dateMs: number;
}

/** The worker's side of dumps: rewrites blocks and packs them. One object per worker thread. */
export function createDumpHandlers(rng: Rng = systemRng): ThreadHandlers {
  const sessions = new Map<string, Session>();

  function sessionOf(id: string): Session {
    const session = sessions.get(id);
    if (session === undefined) throw new DumpError('DUMP_FAILED', 'no such archive is open');
    return session;
  }

  return {
    'dump.open': ({ id, archivePath, dateMs, maxBytes }: OpenRequest) => {
      const archive = new ArchiveWriter({ path: archivePath, dateMs, maxBytes });
      sessions.set(id, { archive, series: new SeriesCount(), dateMs });
    },

    'dump.addGroup': async (
      request: AddGroupRequest,
      context: ThreadContext,
    ): Promise<AddGroupResult> => {
      const session = sessionOf(request.id);
      const ulid = newUlid(session.dateMs, rng);
      const block = rewriteGroup(request, ulid, context);
      if (block === undefined) {
        return { block: null, actual: null, archiveBytes: session.archive.sizeBytes };
      }
      await packBlock(session, block, context);
      const { minTime: mint, maxTime: maxt, compaction } = block.meta;
      const { samples, series } = block;
      return {
        block: { ulid, mint, maxt, samples, series, sources: [...compaction.sources] },
        actual: { fromMs: mint, toMs: maxt - 1 },
        archiveBytes: session.archive.sizeBytes,
      };
    },

    'dump.countSeries': ({ id }: { id: string }): number => sessionOf(id).series.count,

    'dump.finish': async ({ id, texts, manifest }: FinishRequest): Promise<FinishResult> => {
      const { archive } = sessionOf(id);
      await archive.addDirectory('wal');
      for (const { path, content } of texts) await archive.addText(path, content);
      const whole = { ...manifest, files: archive.files };
      await archive.addText('manifest.json', `${JSON.stringify(whole, undefined, 2)}\n`);
      const result = await archive.finish();
      sessions.delete(id);
      return result;
    },

    'dump.discard': async ({ id }: DiscardRequest): Promise<void> => {
      const session = sessions.get(id);
      sessions.delete(id);
      await session?.archive.discard();
    },
  };
}

function rewriteGroup(
  request: AddGroupRequest,
  ulid: string,
  context: ThreadContext,
): RewrittenBlock | undefined {
  const { blockDirs, filter, mint, maxt, outDir } = request;
  const sources: ReturnType<typeof openBlock>[] = [];
  try {
    for (const dir of blockDirs) sources.push(openBlock(dir));
    return rewriteBlocks({
      sources,
      mint,
      maxt,
      ...(filter === null ? {} : { keepSeries: seriesFilter(filter) }),
      parentDir: outDir,
      ulid,
      checkCancelled: () => {
        context.checkCancelled();
      },
      onProgress: (done, total) => {
        tell(context, { phase: 'rewriting', fraction: total === 0 ? 1 : done / total });
      },
    });
  } finally {
    for (const source of sources) source.close();
  }
}

/** Puts a block into the archive under its ULID, counts its series, and removes it. */
async function packBlock(
  session: Session,
  block: RewrittenBlock,
  context: ThreadContext,
): Promise<void> {
  const { ulid } = block.meta;
  const segments = (await readdir(join(block.dir, 'chunks'))).sort();
  const paths = ['meta.json', 'index', 'tombstones', ...segments.map((name) => `chunks/${name}`)];
  let totalBytes = 0;
  for (const path of paths) totalBytes += (await stat(join(block.dir, path))).size;
  let doneBytes = 0;
  for (const path of paths) {
    await session.archive.addFile(`${ulid}/${path}`, join(block.dir, path), (bytes) => {
      context.checkCancelled();
      doneBytes += bytes;
      tell(context, { phase: 'packing', fraction: doneBytes / totalBytes });
    });
  }
  countSeries(session.series, block.dir);
  await rm(block.dir, { recursive: true });
}

function countSeries(count: SeriesCount, dir: string): void {
  const reader = openBlock(dir);
  try {
    for (const { labels } of reader.series()) count.add(labels);
  } finally {
    reader.close();
  }
}

function tell(context: ThreadContext, progress: GroupProgress): void {
  context.progress(progress);
}
