import { rmSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  systemRng,
  type Rng,
  type ThreadContext,
  type ThreadHandlers,
} from '../../lib/runtime/index.ts';
import {
  newUlid,
  openBlock,
  rewriteBlocks,
  type RewrittenBlock,
  type Thinning,
} from '../../lib/tsdb/index.ts';
import { ArchiveCheck, type WrittenArchive } from './archive-check.ts';
import { ArchiveWriter } from './archive-writer.ts';
import { counterTest } from './counter-metrics.ts';
import { DumpError } from './errors.ts';
import { seriesFilter } from './filter.ts';
import { redactBlock } from './redact-block.ts';
import { hostsIn, redactManifest } from './redact-manifest.ts';
import { Redactor } from './redactor.ts';
import { SeriesCount } from './series-count.ts';
import type {
  AddGroupRequest,
  AddGroupResult,
  AliasRequest,
  CheckRequest,
  DiscardRequest,
  FinishRequest,
  FinishResult,
  GroupProgress,
  OpenRequest,
  ReadRequest,
} from './worker-protocol.ts';

/** One archive that is being written. */
interface Session {
  archive: ArchiveWriter;
  series: SeriesCount;
  dateMs: number;
  /** Undefined when names stay as they are. */
  redactor: Redactor | undefined;
  /** Absent when every sample stays. */
  thinning?: Thinning;
  /** Known once it is finished. */
  written?: WrittenArchive;
  /** Under way once bytes were read back. */
  check?: ArchiveCheck;
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
    'dump.open': ({ id, aliasSecret, dateMs, maxBytes, thinning }: OpenRequest) => {
      const archive = new ArchiveWriter({ dateMs, maxBytes });
      const redactor = aliasSecret === null ? undefined : new Redactor(aliasSecret);
      const series = new SeriesCount();
      sessions.set(id, { archive, series, dateMs, redactor, ...thinningOf(thinning) });
    },

    'dump.addGroup': async (
      request: AddGroupRequest,
      context: ThreadContext,
    ): Promise<AddGroupResult> => {
      const session = sessionOf(request.id);
      const block = makeBlock(request, session, context, () => newUlid(session.dateMs, rng));
      if (block === undefined) {
        return { block: null, actual: null, archiveBytes: session.archive.sizeBytes };
      }
      await packBlock(session, block, context);
      const { minTime: mint, maxTime: maxt, compaction } = block.meta;
      const { samples, series } = block;
      return {
        block: {
          ulid: block.meta.ulid,
          mint,
          maxt,
          samples,
          series,
          sources: [...compaction.sources],
        },
        actual: { fromMs: mint, toMs: maxt - 1 },
        archiveBytes: session.archive.sizeBytes,
      };
    },

    'dump.read': async ({ id }: ReadRequest, context: ThreadContext) => {
      const bytes = await sessionOf(id).archive.read();
      if (bytes === undefined) return null;
      context.transfer(bytes.buffer);
      return bytes;
    },

    'dump.countSeries': ({ id }: { id: string }): number => sessionOf(id).series.count,

    'dump.alias': ({ id, name }: AliasRequest): string => {
      return sessionOf(id).redactor?.instance(name) ?? name;
    },

    'dump.finish': async (request: FinishRequest): Promise<FinishResult> => {
      const session = sessionOf(request.id);
      const { archive, redactor } = session;
      const { manifest, texts } = redactor === undefined ? request : redacted(request, redactor);
      await archive.addDirectory('wal');
      for (const { path, content } of texts) await archive.addText(path, content);
      const whole = { ...manifest, files: archive.files };
      await archive.addText('manifest.json', `${JSON.stringify(whole, undefined, 2)}\n`);
      session.written = await archive.finish();
      const { sha256, sizeBytes } = session.written;
      return { sha256, sizeBytes, aliases: redactor?.aliases() ?? null };
    },

    'dump.check': async ({ bytes, id }: CheckRequest): Promise<void> => {
      const session = sessionOf(id);
      if (session.written === undefined) throw new DumpError('DUMP_FAILED', 'it is not finished');
      session.check ??= new ArchiveCheck(session.written);
      await (bytes === null ? session.check.finish() : session.check.add(bytes));
    },

    'dump.discard': async ({ id }: DiscardRequest): Promise<void> => {
      const session = sessions.get(id);
      sessions.delete(id);
      session?.check?.abandon();
      await session?.archive.discard();
    },
  };
}

function thinningOf(asked: OpenRequest['thinning']): { thinning?: Thinning } {
  if (asked === null) return {};
  return { thinning: { stepMs: asked.stepMs, isCounter: counterTest(asked.types) } };
}

/** The texts of an archive with aliases for hosts and ids. */
function redacted(
  { manifest, texts }: FinishRequest,
  redactor: Redactor,
): Pick<FinishRequest, 'manifest' | 'texts'> {
  for (const host of hostsIn(manifest)) redactor.learn(host);
  return {
    manifest: redactManifest(manifest, redactor) as object,
    texts: texts.map(({ content, path }) => ({ path, content: redactor.text(content) })),
  };
}

/** One block of a group, with aliases where the archive has them. */
function makeBlock(
  request: AddGroupRequest,
  { redactor, thinning }: Session,
  context: ThreadContext,
  nextUlid: () => string,
): RewrittenBlock | undefined {
  const block = rewriteGroup(request, thinning, nextUlid(), context);
  if (block === undefined || redactor === undefined) return block;
  const checkCancelled = () => {
    context.checkCancelled();
  };
  const parentDir = request.outDir;
  const after = redactBlock({ block, parentDir, ulid: nextUlid(), redactor, checkCancelled });
  rmSync(block.dir, { recursive: true });
  return after;
}

function rewriteGroup(
  request: AddGroupRequest,
  thinning: Thinning | undefined,
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
      ...(thinning === undefined ? {} : { thinning }),
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
