import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DumpFilter, DumpPhase } from '../../api/index.ts';
import type { ObjectStore } from '../../lib/objectstore/index.ts';
import type { Clock } from '../../lib/runtime/index.ts';
import { ulidTimeMs, type BlockInfo } from '../../lib/tsdb/index.ts';
import { blockKey, codeOf, type BlockCatalog } from '../share/index.ts';
import { archiveFileName, utcText } from './file-name.ts';
import { DumpError, toDumpError } from './errors.ts';
import { manifestOf } from './manifest.ts';
import { packetMetadata } from './packet-metadata.ts';
import type { DumpFacts, DumpThread, HeadSource, LocalStorePort } from './ports.ts';
import { dumpReadme } from './readme.ts';
import { filterEmpty, rangeEmpty } from './refusals.ts';
import {
  groupOverlapping,
  overlaps,
  selectBlocks,
  type SourceBlock,
  type TimeRange,
} from './selection.ts';
import { viewerFiles } from './viewer/index.ts';
import { holdBlock, WorkArea } from './work-area.ts';
import type {
  AddGroupResult,
  FinishResult,
  GroupProgress,
  PackedBlock,
} from './worker-protocol.ts';

/** What every dump of this node is built from. */
export interface BuildParts {
  clock: Clock;
  store: ObjectStore;
  catalog: BlockCatalog;
  /** Absent where no snapshots of heads are kept. */
  heads?: HeadSource;
  /** What this node has collected and not given away; undefined when it has nothing of its own. */
  local: () => LocalStorePort | undefined;
  /** Starts a worker for one archive; it is stopped when the archive is done. */
  openThread: () => DumpThread;
  /** Told when a worker did not end: the process must exit, because it holds memory and files. */
  onHungThread?: (error: unknown) => void;
  facts: DumpFacts;
  pluginId: string;
  node: string;
  /** The directory of the store; temporary space is made below it. */
  dataDirectory: string;
}

/** One archive to build. */
export interface BuildRequest {
  /** Names the temporary space; a job's id. */
  id: string;
  /** Job to name in the manifest; empty for a support packet. */
  jobId: string;
  requested: TimeRange;
  /** Series that are asked for; null for all. */
  filter: DumpFilter | null;
  /** Key of the aliases for hosts and ids; null when they stay as they are. */
  aliasSecret: Uint8Array | null;
  maxArchiveBytes: number;
  signal: AbortSignal;
  /** `fraction` of the whole work, 0 to 1. */
  onProgress: (phase: DumpPhase, fraction: number) => void;
}

/** A finished archive in the temporary space. */
export interface BuiltArchive {
  path: string;
  fileName: string;
  sizeBytes: number;
  sha256: string;
  actual: TimeRange;
  samples: number;
  series: number;
  warnings: string[];
  /** Original by alias; null when it is not redacted. */
  aliases: Record<string, string> | null;
}

/**
 * Builds an archive and gives it to `use`; the temporary space is removed afterwards, whatever
 * happens. Needs space for the archive and for one group of overlapping blocks twice.
 */
export async function buildArchive<T>(
  parts: BuildParts,
  request: BuildRequest,
  use: (archive: BuiltArchive) => Promise<T>,
): Promise<T> {
  const area = await WorkArea.create(parts.dataDirectory, request.id);
  try {
    const thread = parts.openThread();
    try {
      const archive = await new Build(parts, request, area, thread).run();
      return await use(archive);
    } finally {
      await thread.stop().catch((error: unknown) => {
        parts.onHungThread?.(error);
      });
    }
  } finally {
    await area.remove();
  }
}

/** Longest time from a block's first sample to its making, as far as half blocks are concerned. */
const maxBlockDelayMs = 6 * 60 * 60 * 1000;

/** Parts of the whole work at which its phases begin. */
const progressAt = { snapshot: 0.02, groups: 0.08, finish: 0.88 };

class Build {
  readonly #parts: BuildParts;
  readonly #request: BuildRequest;
  readonly #area: WorkArea;
  readonly #thread: DumpThread;
  readonly #warnings: string[] = [];
  readonly #blocks: PackedBlock[] = [];
  #actual: TimeRange | undefined;
  /** Why the newest samples may be missing. */
  #staleness: string | undefined;

  constructor(parts: BuildParts, request: BuildRequest, area: WorkArea, thread: DumpThread) {
    this.#parts = parts;
    this.#request = request;
    this.#area = area;
    this.#thread = thread;
  }

  async run(): Promise<BuiltArchive> {
    const { aliasSecret, id, maxArchiveBytes, onProgress, requested } = this.#request;
    const createdAtMs = this.#parts.clock.nowMs();
    onProgress('selecting', 0);
    const blocks = await this.#collectSources();
    if (blocks.length === 0) throw rangeEmpty(requested);
    const archivePath = join(this.#area.path, 'archive.tar.gz');
    const open = { id, archivePath, dateMs: createdAtMs, maxBytes: maxArchiveBytes, aliasSecret };
    await this.#call('dump.open', open);
    try {
      await this.#addGroups(groupOverlapping(blocks));
      onProgress('packing', progressAt.finish);
      return { path: archivePath, ...(await this.#finish(createdAtMs)) };
    } catch (error) {
      // The first error counts; a thread that crashed cannot be asked to clean up.
      await this.#thread.call('dump.discard', { id }).catch(() => undefined);
      throw error;
    }
  }

  /**
   * The order matters: a block that is cut meanwhile is in the snapshot before it leaves the head, and
   * a local block is only deleted once it is in the file store, which is looked at last. There, too,
   * snapshots come first: they go when their samples are in blocks.
   */
  async #collectSources(): Promise<SourceBlock[]> {
    const { catalog, heads, local } = this.#parts;
    const { onProgress, requested, signal } = this.#request;
    const store = local();
    onProgress('snapshot', progressAt.snapshot);
    const parentDir = await this.#area.directory('head');
    const range = { mint: requested.fromMs, maxt: requested.toMs };
    const head = await store?.snapshotHead({ ...range, parentDir, signal });
    const held = await this.#holdBlocks(store?.blocks() ?? []);
    this.#staleness = await heads?.flush(signal);
    await this.#refreshCatalog();
    const own = head === undefined ? held : [...held, head];
    this.#warnOfHalfBlocks();
    const remote = { blocks: catalog.blocks(), heads: heads?.blocks() ?? [] };
    return selectBlocks(own, remote, requested);
  }

  /** Takes hold of the local blocks that have a part in the range. */
  async #holdBlocks(blocks: readonly BlockInfo[]): Promise<BlockInfo[]> {
    const held: BlockInfo[] = [];
    for (const block of blocks) {
      if (!overlaps(block, this.#request.requested)) continue;
      const dir = join(await this.#area.directory('in'), block.ulid);
      try {
        await holdBlock(block.dir, dir);
        held.push({ ...block, dir });
      } catch (error) {
        // Deleted since it was listed: then it is in the file store.
        if (codeOf(error) !== 'ENOENT') throw error;
        await rm(dir, { recursive: true, force: true });
      }
    }
    return held;
  }

  /** A dump of local blocks is better than none while the file store cannot be listed. */
  async #refreshCatalog(): Promise<void> {
    try {
      await this.#parts.heads?.refresh(this.#request.signal);
      await this.#parts.catalog.refresh();
    } catch (error) {
      const code = codeOf(error) ?? 'unknown error';
      this.#warnings.push(
        `The file store could not be listed (${code}); blocks that are only there may be missing.`,
      );
    }
  }

  #warnOfHalfBlocks(): void {
    const own = new Set(
      this.#parts
        .local()
        ?.blocks()
        .map(({ ulid }) => ulid),
    );
    const { fromMs, toMs } = this.#request.requested;
    for (const { ulid, reason } of this.#parts.catalog.partialBlocks()) {
      // A block is made soon after its newest sample: what else it holds, nobody can tell.
      const madeMs = ulidTimeMs(ulid);
      const isInRange = madeMs > fromMs && madeMs < toMs + maxBlockDelayMs;
      if (own.has(ulid) || !isInRange) continue;
      this.#warnings.push(`Block ${ulid} in the file store is not whole and left out: ${reason}.`);
    }
  }

  async #addGroups(groups: SourceBlock[][]): Promise<void> {
    const totalBytes = groups.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 1);
    let doneBytes = 0;
    for (const group of groups) {
      const groupBytes = group.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const tell = (phase: DumpPhase, fraction: number) => {
        const done = (doneBytes + groupBytes * fraction) / totalBytes;
        const span = progressAt.finish - progressAt.groups;
        this.#request.onProgress(phase, progressAt.groups + span * done);
      };
      const fetched = await this.#fetchGroup(group, tell);
      await this.#packGroup(fetched, tell);
      for (const { dir } of fetched) await rm(dir, { recursive: true, force: true });
      doneBytes += groupBytes;
    }
  }

  /** Directories of a group's blocks; remote ones are copied to the temporary space. */
  async #fetchGroup(
    group: SourceBlock[],
    tell: (phase: DumpPhase, fraction: number) => void,
  ): Promise<{ ulid: string; dir: string }[]> {
    const fetched = [];
    for (const [at, block] of group.entries()) {
      tell('fetching', (0.3 * at) / group.length);
      if (block.kind === 'local') {
        fetched.push({ ulid: block.ulid, dir: block.dir });
        continue;
      }
      const dir = join(await this.#area.directory('in'), block.ulid);
      try {
        for (const file of block.block.blockFiles)
          await this.#fetchFile(blockKey(block.ulid, file.path, block.area), join(dir, file.path));
        fetched.push({ ulid: block.ulid, dir });
      } catch (error) {
        if (codeOf(error) !== 'STORE_NOT_FOUND') throw error;
        await rm(dir, { recursive: true, force: true });
        this.#warnings.push(`Block ${block.ulid} left the file store while the dump was built.`);
      }
    }
    return fetched;
  }

  async #fetchFile(key: string, target: string): Promise<void> {
    const { signal } = this.#request;
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const { body } = await this.#parts.store.get(key, { signal });
    await pipeline(body, createWriteStream(target, { flags: 'wx', mode: 0o600 }), { signal });
  }

  /** Rewrites a group into one block. With damage in it, what can be read is packed block by block. */
  async #packGroup(
    blocks: { ulid: string; dir: string }[],
    tell: (phase: DumpPhase, fraction: number) => void,
  ): Promise<void> {
    if (blocks.length === 0) return;
    try {
      await this.#pack(
        blocks.map(({ dir }) => dir),
        tell,
      );
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (blocks.length === 1) {
        const code = codeOf(error) ?? '';
        this.#warnings.push(
          `Block ${blocks[0]?.ulid ?? ''} cannot be read and is left out (${code}).`,
        );
        return;
      }
      for (const block of blocks) await this.#packGroup([block], tell);
    }
  }

  async #pack(
    blockDirs: string[],
    tell: (phase: DumpPhase, fraction: number) => void,
  ): Promise<void> {
    const { filter, id, requested } = this.#request;
    const outDir = await this.#area.directory('out');
    const result = (await this.#call(
      'dump.addGroup',
      { id, blockDirs, mint: requested.fromMs, maxt: requested.toMs, filter, outDir },
      (progress) => {
        const { phase, fraction } = progress as GroupProgress;
        tell(phase, phase === 'rewriting' ? 0.3 + 0.4 * fraction : 0.7 + 0.3 * fraction);
      },
    )) as AddGroupResult;
    const { actual, block } = result;
    if (block === null || actual === null) return;
    this.#blocks.push(block);
    const { fromMs, toMs } = this.#actual ?? actual;
    this.#actual = {
      fromMs: Math.min(fromMs, actual.fromMs),
      toMs: Math.max(toMs, actual.toMs),
    };
  }

  async #finish(createdAtMs: number): Promise<Omit<BuiltArchive, 'path'>> {
    const { facts, node, pluginId } = this.#parts;
    const { aliasSecret, filter, id, jobId, requested } = this.#request;
    const actual = this.#actual;
    if (actual === undefined) throw this.#nothingPacked();
    this.#warnOfStaleness(actual);
    const server = await facts.server();
    const samples = this.#blocks.reduce((sum, block) => sum + block.samples, 0);
    const series = (await this.#call('dump.countSeries', { id })) as number;
    const { pluginVersion } = facts;
    const warnings = this.#warnings;
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const redacted = aliasSecret === null ? 'none' : 'hosts-and-ids';
    const asked = { requested, filtered: filter, redacted } as const;
    const outline = { jobId, node, createdAtMs, timeZone, actual, ...asked };
    const manifest = manifestOf(
      { ...outline, samples, series, blocks: this.#blocks, warnings },
      server,
      { pluginVersion, nodes: facts.nodes() },
      await facts.collected(requested),
    );
    const packet = { server, generatedAtMs: createdAtMs, pluginId, pluginVersion };
    const name = server.serverName;
    const serverName = (await this.#call('dump.alias', { id, name })) as string;
    const scrapeIntervalSeconds = facts.scrapeIntervalMs() / 1000;
    const texts = [
      { path: 'metadata.yaml', content: packetMetadata({ ...packet, requested, actual }) },
      {
        path: 'README.md',
        content: dumpReadme({ serverName, actual, warnings: manifest.warnings }),
      },
      ...viewerFiles({ serverName, actual, scrapeIntervalSeconds }),
    ];
    const finished = (await this.#call('dump.finish', { id, texts, manifest })) as FinishResult;
    const toMs = Math.min(requested.toMs, createdAtMs);
    const fileName = archiveFileName(serverName, requested.fromMs, toMs);
    return { fileName, ...finished, actual, samples, series, warnings: manifest.warnings };
  }

  /** Only what was asked for can be missing. */
  #warnOfStaleness(actual: TimeRange): void {
    const { clock } = this.#parts;
    if (this.#staleness === undefined) return;
    if (actual.toMs >= Math.min(this.#request.requested.toMs, clock.nowMs()) - 1) return;
    const newest = `The newest sample in this dump is of ${utcText(actual.toMs)}.`;
    this.#warnings.push(`${this.#staleness} ${newest}`);
  }

  #nothingPacked(): DumpError {
    const { filter, requested } = this.#request;
    if (this.#warnings.length === 0) {
      return filter === null ? rangeEmpty(requested) : filterEmpty(requested);
    }
    const message = 'No block of this range could be read; the server log and the detail say why.';
    return new DumpError('DUMP_DAMAGED', message, { detail: this.#warnings.join(' ') });
  }

  async #call(
    method: string,
    payload: unknown,
    onProgress: (progress: unknown) => void = () => undefined,
  ): Promise<unknown> {
    return await this.#thread.call(method, payload, { signal: this.#request.signal, onProgress });
  }
}

/** Whether an error says that stored bytes cannot be read, rather than that something failed now. */
function isDamage(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  const isPassing = ['TSDB_CANCELLED', 'TSDB_IO', 'TSDB_DISK_FULL'].includes(code);
  return code.startsWith('TSDB_') && !isPassing && toDumpError(error).code === 'DUMP_FAILED';
}
