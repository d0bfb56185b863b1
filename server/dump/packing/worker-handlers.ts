import { say, type Target } from '../../../api/index.ts';
import {
  BufferSweep,
  systemRng,
  type Rng,
  type ThreadContext,
  type ThreadHandlers,
} from '../../../lib/runtime/index.ts';
import { newUlid, type Thinning } from '../../../lib/tsdb/index.ts';
import { ArchiveCheck, type WrittenArchive } from './archive-check.ts';
import { ArchiveWriter } from './archive-writer.ts';
import { counterTest, SeriesCount } from '../series/index.ts';
import { DumpError } from '../errors.ts';
import { hostsIn, hostsOfBlock, redactManifest, Redactor } from '../redaction/index.ts';
import { packGroup } from './pack-group.ts';
import type {
  AddGroupRequest,
  AddGroupResult,
  AliasRequest,
  CheckRequest,
  DiscardRequest,
  FinishRequest,
  FinishResult,
  LearnHostsRequest,
  OpenRequest,
  ReadRequest,
} from './protocol.ts';

/** One archive that is being written. */
interface Session {
  archive: ArchiveWriter;
  series: SeriesCount;
  dateMs: number;
  /** Undefined when names stay as they are. */
  redactor: Redactor | undefined;
  /** Absent when every sample stays. */
  thinning?: Thinning;
  /** Of what a group has left; absent where what is done is timed. */
  sweep?: BufferSweep;
  /** Known once it is finished. */
  written?: WrittenArchive;
  /** Under way once bytes were read back. */
  check?: ArchiveCheck;
}

/** The worker's side of dumps: rewrites blocks and packs them. One object per worker thread. */
export function createDumpHandlers(rng: Rng = systemRng): ThreadHandlers {
  const sessions = new Map<string, Session>();
  const sweep = new BufferSweep();

  function sessionOf(id: string): Session {
    const session = sessions.get(id);
    if (session === undefined) throw unasked('no such archive is open');
    return session;
  }

  return {
    'dump.open': (request: OpenRequest) => {
      sessions.set(request.id, opened(request, sweep));
    },

    'dump.learnHosts': ({ id, dirs, hosts }: LearnHostsRequest) => {
      const { redactor } = sessionOf(id);
      for (const host of [...hosts, ...dirs.flatMap(hostsOfBlock)]) redactor?.learn(host);
    },

    'dump.addGroup': async (
      request: AddGroupRequest,
      context: ThreadContext,
    ): Promise<AddGroupResult> => {
      const session = sessionOf(request.id);
      const target = { ...session, nextUlid: () => newUlid(session.dateMs, rng) };
      const packed = await packGroup(target, request, context).finally(() => {
        // What it has left is gone before the next group comes.
        session.sweep?.ended();
      });
      return { ...packed, archiveBytes: session.archive.sizeBytes };
    },

    'dump.read': async ({ id, used }: ReadRequest, context: ThreadContext) => {
      const bytes = await sessionOf(id).archive.read(used ?? undefined);
      if (bytes === undefined) return null;
      context.transfer(bytes.buffer);
      return bytes;
    },

    'dump.countSeries': ({ id }: { id: string }): number => sessionOf(id).series.count,

    'dump.alias': ({ id, name }: AliasRequest): string => {
      return sessionOf(id).redactor?.instance(name) ?? name;
    },

    'dump.finish': async (request: FinishRequest): Promise<FinishResult> => {
      return await finished(sessionOf(request.id), request);
    },

    'dump.check': async ({ bytes, id }: CheckRequest, context: ThreadContext) => {
      const session = sessionOf(id);
      if (session.written === undefined) throw unasked('the archive is not finished');
      session.check ??= new ArchiveCheck(session.written);
      await (bytes === null ? session.check.finish() : session.check.add(bytes));
      if (bytes !== null) context.transfer(bytes.buffer);
      return bytes;
    },

    'dump.discard': async ({ id }: DiscardRequest): Promise<void> => {
      const session = sessions.get(id);
      sessions.delete(id);
      session?.check?.abandon();
      await session?.archive.discard();
    },
  };
}

function opened(
  { aliasSecret, dateMs, isTry, maxBytes, thinning }: OpenRequest,
  sweep: BufferSweep,
): Session {
  return {
    archive: new ArchiveWriter({ dateMs, maxBytes }),
    series: new SeriesCount(),
    dateMs,
    redactor: aliasSecret === null ? undefined : new Redactor(aliasSecret),
    ...thinningOf(thinning),
    ...(isTry ? {} : { sweep }),
  };
}

function thinningOf(asked: OpenRequest['thinning']): { thinning?: Thinning } {
  if (asked === null) return {};
  return { thinning: { stepMs: asked.stepMs, isCounter: counterTest(asked.types) } };
}

/** Adds what describes the blocks, and ends the archive. */
async function finished(session: Session, request: FinishRequest): Promise<FinishResult> {
  const { archive, redactor } = session;
  const { manifest, texts } = redactor === undefined ? request : redacted(request, redactor);
  await archive.addDirectory('wal');
  for (const { path, content } of texts) await archive.addText(path, content);
  const whole = { ...manifest, files: archive.files };
  await archive.addText('manifest.json', `${JSON.stringify(whole, undefined, 2)}\n`);
  session.written = await archive.finish();
  const { sha256, sizeBytes } = session.written;
  return { sha256, sizeBytes, aliases: redactor?.aliases() ?? null };
}

/** The texts of an archive with aliases for hosts and ids. */
function redacted(
  { manifest, texts }: FinishRequest,
  redactor: Redactor,
): Pick<FinishRequest, 'manifest' | 'texts'> {
  for (const host of hostsIn(manifest)) redactor.learn(host);
  for (const id of pluginsIn(manifest)) redactor.learnPlugin(id);
  return {
    manifest: redactManifest(manifest, redactor) as object,
    texts: texts.map(({ content, path }) => ({
      path,
      content: redactor.text(withWarnings(content, manifest, redactor)),
    })),
  };
}

/** Plugins that are targets, whether there is a series of them or not. */
function pluginsIn(manifest: object): string[] {
  const { targets = [] } = manifest as { targets?: readonly Pick<Target, 'labels'>[] };
  return targets.map(({ labels }) => labels['plugin_id'] ?? '');
}

/** A text with the warnings that it repeats as the manifest has them: they are about hosts. */
function withWarnings(content: string, manifest: object, redactor: Redactor): string {
  const { warnings = [] } = manifest as { warnings?: readonly string[] };
  return warnings.reduce(
    (text, warning) => text.replaceAll(warning, () => redactor.message(warning)),
    content,
  );
}

/** A call that this version never makes. */
function unasked(detail: string): DumpError {
  return new DumpError('DUMP_FAILED', say('dump.failed'), { detail });
}
