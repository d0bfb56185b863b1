import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  inEnglish,
  say,
  type DumpFilter,
  type DumpPhase,
  type KnownSentence,
} from '../../../api/index.ts';
import { codeOf } from '../../../lib/runtime/index.ts';
import { archiveFileName, ArchiveStream, type TakeArchive } from '../archive/index.ts';
import { DumpError } from '../errors.ts';
import type {
  AddGroupResult,
  FinishResult,
  GroupProgress,
  OpenRequest,
  PackedBlock,
} from '../packing/index.ts';
import type { DumpThread } from '../ports.ts';
import { hostsIn } from '../redaction/index.ts';
import { checkRoom, filterEmpty, rangeEmpty } from '../refusals.ts';
import {
  groupOverlapping,
  temporaryBytes,
  type SourceBlock,
  type TimeRange,
} from '../selection/index.ts';
import { longerMs, metricTypes } from '../series/index.ts';
import { archiveTexts } from '../texts/index.ts';
import { eachIndex, fetchBlock, WorkArea } from '../work-area/index.ts';
import type { BuildParts } from './build-parts.ts';
import { DumpSources } from './dump-sources.ts';

/** One archive to build. */
export interface BuildRequest {
  /** Names the temporary space; a job's id. */
  id: string;
  /** Job to name in the manifest; empty for a support packet. */
  jobId: string;
  requested: TimeRange;
  /** Series that are asked for; null for all. */
  filter: DumpFilter | null;
  /** One sample per series and step of so many seconds; 0 for all. */
  stepSeconds: number;
  /** Key of the aliases for hosts and ids; null when they stay as they are. */
  aliasSecret: Uint8Array | null;
  maxArchiveBytes: number;
  /** What the manifest warns of besides what is found while it is built; for readers of files. */
  notes?: readonly string[];
  /** Takes the archive as it is made; what it throws ends the building. */
  take: TakeArchive;
  /** Gives what was taken, to be checked; absent when nothing can have happened to it. */
  readBack?: () => Promise<AsyncIterable<Uint8Array>>;
  signal: AbortSignal;
  /** `fraction` of the whole work, 0 to 1. */
  onProgress: (phase: DumpPhase, fraction: number) => void;
}

/** What a finished archive is. */
export interface BuiltArchive {
  fileName: string;
  sizeBytes: number;
  sha256: string;
  actual: TimeRange;
  samples: number;
  series: number;
  /** What was found while it was built. */
  warnings: KnownSentence[];
  /** Original by alias; null when it is not redacted. */
  aliases: Record<string, string> | null;
}

/**
 * Builds an archive as a stream: its bytes are taken while it is made, and read back afterwards. The
 * temporary space, for one group of overlapping blocks at a time, is removed whatever happens.
 */
export async function buildArchive(
  parts: BuildParts,
  request: BuildRequest,
): Promise<BuiltArchive> {
  const area = await WorkArea.create(parts.dataDirectory, request.id);
  try {
    const thread = parts.openThread();
    try {
      const workedMs = (await thread.call('dump.workTime', {})) as number;
      const built = await new Build(parts, request, area, thread).run();
      const workMs = ((await thread.call('dump.workTime', {})) as number) - workedMs;
      parts.onWorked?.(request.id, workMs);
      return built;
    } finally {
      await thread.stop().catch((error: unknown) => {
        parts.onHungThread?.(error);
      });
    }
  } finally {
    await area.remove();
  }
}

/** Parts of the whole work at which its phases begin. */
const progressAt = { snapshot: 0.02, groups: 0.08, finish: 0.86, check: 0.9 };

class Build {
  readonly #parts: BuildParts;
  readonly #request: BuildRequest;
  readonly #area: WorkArea;
  readonly #sources: DumpSources;
  readonly #stream: ArchiveStream;
  readonly #warnings: KnownSentence[] = [];
  readonly #blocks: PackedBlock[] = [];
  #actual: TimeRange | undefined;
  /** Longest time between two scrapes in the range, as a rule; null while nothing told it. */
  #intervalMs: number | null = null;

  constructor(parts: BuildParts, request: BuildRequest, area: WorkArea, thread: DumpThread) {
    this.#parts = parts;
    this.#request = request;
    this.#area = area;
    this.#sources = new DumpSources(parts, request, area);
    this.#stream = new ArchiveStream(thread, request.id, request.signal);
  }

  async run(): Promise<BuiltArchive> {
    const { aliasSecret, maxArchiveBytes, onProgress, requested } = this.#request;
    const stream = this.#stream;
    const createdAtMs = this.#parts.clock.nowMs();
    onProgress('selecting', 0);
    onProgress('snapshot', progressAt.snapshot);
    const blocks = await this.#sources.collect();
    this.#warnings.push(...this.#sources.warnings);
    if (blocks.length === 0) throw rangeEmpty(requested);
    // Newest first: the snapshot of the head is gone before anything is fetched.
    const groups = groupOverlapping(blocks).reverse();
    await this.#checkRoom(groups);
    const form = { aliasSecret, thinning: await this.#thinning(), isTry: false };
    await stream.call('dump.open', { dateMs: createdAtMs, maxBytes: maxArchiveBytes, ...form });
    stream.start(this.#request.take, { isKept: false });
    try {
      await this.#learnHosts(blocks);
      await this.#addGroups(groups);
      onProgress('packing', progressAt.finish);
      const archive = await this.#finish(createdAtMs);
      onProgress('storing', progressAt.check);
      await stream.taken();
      await this.#check(archive.sizeBytes);
      return archive;
    } catch (error) {
      throw await stream.abandon(error);
    }
  }

  async #check(sizeBytes: number): Promise<void> {
    const { onProgress, readBack } = this.#request;
    if (readBack === undefined) return;
    let checkedBytes = 0;
    await this.#stream.check(await readBack(), (bytes) => {
      checkedBytes = Math.min(sizeBytes, checkedBytes + bytes);
      const part = (1 - progressAt.check) * (checkedBytes / sizeBytes);
      onProgress('storing', progressAt.check + part);
    });
  }

  /** What is known now may be more than when the job was asked for, here or by another node. */
  async #checkRoom(groups: SourceBlock[][]): Promise<void> {
    checkRoom(temporaryBytes(groups), (await this.#parts.freeBytes?.()) ?? null);
  }

  /** Every host that the dump can mention is known before the first label of it is replaced. */
  async #learnHosts(blocks: readonly SourceBlock[]): Promise<void> {
    const { aliasSecret, requested } = this.#request;
    if (aliasSecret === null) return;
    const { facts, store } = this.#parts;
    const { gaps, targets } = await facts.collected(requested);
    const { serverName } = await facts.server();
    const hosts = [serverName, ...hostsIn({ gaps, targets, nodes: facts.nodes() })];
    await this.#stream.call('dump.learnHosts', { hosts, dirs: [] });
    const parentDir = await this.#area.directory('hosts');
    await eachIndex(blocks, { store, parentDir, signal: this.#stream.signal }, async (dir) => {
      await this.#stream.call('dump.learnHosts', { hosts: [], dirs: [dir] });
    });
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
        const isInPieces = this.#isRewritten(group);
        await fetchBlock(this.#parts, block, dir, this.#stream.signal, { isInPieces });
        fetched.push({ ulid: block.ulid, dir });
      } catch (error) {
        if (codeOf(error) !== 'STORE_NOT_FOUND') throw error;
        await rm(dir, { recursive: true, force: true });
        this.#warnings.push(say('note.block-left', { ulid: block.ulid }));
      }
    }
    return fetched;
  }

  /** Whether not all of a single block is asked for as it is. */
  #isRewritten(group: readonly SourceBlock[]): boolean {
    const { aliasSecret, filter, requested, stepSeconds } = this.#request;
    const isChanged = filter !== null || aliasSecret !== null || stepSeconds > 0;
    const { fromMs, toMs } = requested;
    const isCut = group.some(({ maxt, mint }) => mint < fromMs || maxt > toMs);
    return isChanged || isCut || group.length > 1;
  }

  async #packGroup(
    blocks: { ulid: string; dir: string }[],
    tell: (phase: DumpPhase, fraction: number) => void,
  ): Promise<void> {
    if (blocks.length === 0) return;
    const { filter, requested } = this.#request;
    const blockDirs = blocks.map(({ dir }) => dir);
    const outDir = await this.#area.directory('out');
    const { actual, block, damaged, intervalMs } = (await this.#stream.call(
      'dump.addGroup',
      { blockDirs, mint: requested.fromMs, maxt: requested.toMs, filter, outDir, isOwned: true },
      {
        onProgress: (progress) => {
          const { phase, fraction } = progress as GroupProgress;
          tell(phase, phase === 'rewriting' ? 0.3 + 0.2 * fraction : 0.5 + 0.5 * fraction);
        },
      },
    )) as AddGroupResult;
    for (const { code, dir } of damaged) {
      const ulid = blocks.find((each) => each.dir === dir)?.ulid ?? '';
      this.#warnings.push(say('note.bad-block', { ulid, code }));
    }
    if (block === null || actual === null) return;
    this.#blocks.push(block);
    this.#intervalMs = longerMs(this.#intervalMs, intervalMs);
    const { fromMs, toMs } = this.#actual ?? actual;
    this.#actual = {
      fromMs: Math.min(fromMs, actual.fromMs),
      toMs: Math.max(toMs, actual.toMs),
    };
  }

  async #finish(createdAtMs: number): Promise<BuiltArchive> {
    const { aliasSecret, filter, jobId, notes, requested, stepSeconds } = this.#request;
    const actual = this.#actual;
    if (actual === undefined) throw this.#nothingPacked();
    this.#warnOfStaleness(actual);
    const blocks = this.#blocks.sort((a, b) => a.mint - b.mint);
    const samples = blocks.reduce((sum, block) => sum + block.samples, 0);
    const series = (await this.#stream.call('dump.countSeries', {})) as number;
    const redaction = aliasSecret === null ? 'none' : 'hosts-and-ids';
    const content = { filter, redaction, stepSeconds } as const;
    const range = { requested, actual, intervalMs: this.#intervalMs };
    const found = { notes: notes ?? [], warnings: this.#warnings };
    const { manifest, serverName, texts, warnings } = await archiveTexts(
      this.#parts,
      { jobId, createdAtMs, ...range, content, samples, series, blocks, ...found },
      async (name) => (await this.#stream.call('dump.alias', { name })) as string,
    );
    const finished = (await this.#stream.call('dump.finish', { texts, manifest })) as FinishResult;
    const toMs = Math.min(requested.toMs, createdAtMs);
    const fileName = archiveFileName(serverName, requested.fromMs, toMs);
    return { fileName, ...finished, actual, samples, series, warnings };
  }

  /** What exporters say of their metrics tells counters, which are thinned with care. */
  async #thinning(): Promise<OpenRequest['thinning']> {
    const { requested, stepSeconds } = this.#request;
    if (stepSeconds === 0) return null;
    const { metadata } = await this.#parts.facts.collected(requested);
    return { stepMs: stepSeconds * 1000, types: metricTypes(metadata) };
  }

  /** Only what was asked for can be missing. */
  #warnOfStaleness(actual: TimeRange): void {
    const { clock } = this.#parts;
    const { staleness } = this.#sources;
    if (staleness === undefined) return;
    if (actual.toMs >= Math.min(this.#request.requested.toMs, clock.nowMs()) - 1) return;
    this.#warnings.push(say('note.stale', { reason: staleness, newestTime: actual.toMs }));
  }

  #nothingPacked(): DumpError {
    const { filter, requested } = this.#request;
    if (this.#warnings.length === 0) {
      return filter === null ? rangeEmpty(requested) : filterEmpty(requested);
    }
    const detail = this.#warnings.map(inEnglish).join(' ');
    return new DumpError('DUMP_DAMAGED', say('dump.damaged'), { detail });
  }
}
