import { say, type DumpEstimate, type DumpPreview } from '../../../api/index.ts';
import type { Timer } from '../../../lib/runtime/index.ts';
import { archiveTexts } from '../texts/index.ts';
import type { BuildParts } from '../building/index.ts';
import {
  share,
  type DumpContent,
  type DumpCoverage,
  type SourceBlock,
  type TimeRange,
} from '../selection/index.ts';
import { metricTypes } from '../series/index.ts';
import { DumpError, toDumpError } from '../errors.ts';
import {
  maxFetchedBesideBytes,
  maxFetchedProbeBytes,
  maxProbedBlocks,
  maxPreviewEntries,
  maxPreviewExamples,
  maxWaitingProbes,
  probeBudgetMs,
  probeIdleMs,
} from '../limits.ts';
import { hostsIn } from '../redaction/index.ts';
import { stopped } from '../refusals.ts';
import type { DumpPace, DumpWork } from './dump-pace.ts';
import { spread } from './probe-order.ts';
import { ProbeRoom } from './probe-room.ts';
import type {
  EstimateRequest,
  EstimateResult,
  PreviewRequest,
  ProbeRequest,
  ProbeSource,
} from './protocol.ts';

import { planRehearsals } from './rehearsal-plan.ts';
import type { Rehearsed } from './rehearsal.ts';

/**
 * How many times as long a part of a dump takes in a short try, with new buffers and code that is compiled
 * less, as within a dump of seconds: in the middle between kinds of dumps (docs/benchmarks.md).
 */
const tryExcess = 1.08;

const unknownRates = { get: undefined, put: undefined };

type Texts = Awaited<ReturnType<typeof archiveTexts>>;

/** What is asked for, and what getting at it takes. */
interface Asked extends ProbeRequest {
  /** Bytes of the blocks that are in the file store only. */
  fetchedBytes: number;
  /** What writing the head takes. */
  snapshotMs: number;
}

/**
 * Answers what a dump would be before it is made, by looking at some of what it would be made of, in a
 * worker. One question at a time; the same question at the same time is asked once.
 */
export class ProbeDesk {
  readonly #parts: BuildParts;
  readonly #coverage: DumpCoverage;
  readonly #pace: DumpPace;
  readonly #asked = new Map<string, Promise<unknown>>();
  readonly #abort = new AbortController();
  #room: Promise<ProbeRoom> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: Timer | undefined;

  constructor(parts: BuildParts, coverage: DumpCoverage, pace: DumpPace) {
    this.#parts = parts;
    this.#coverage = coverage;
    this.#pace = pace;
  }

  /** What a dump would probably be. */
  async estimate(range: TimeRange, content: DumpContent): Promise<DumpEstimate> {
    return await this.#once(`estimate ${JSON.stringify([range, content])}`, async (room) => {
      const request = await this.#request(room, range, content);
      const { manifest, texts } = await this.#texts(range, content);
      const asked: EstimateRequest = {
        ...request,
        texts: [...texts.map((text) => text.content), JSON.stringify(manifest, undefined, 2)],
        budgetMs: probeBudgetMs,
      };
      const result = (await this.#call(room, 'dump.estimate', asked)) as EstimateResult;
      const { bytes, samples, series } = result;
      const work = await this.#work(room, request, result);
      const rates = this.#parts.storePace?.rates ?? unknownRates;
      return { bytes, samples, series, seconds: this.#pace.seconds(work, range, content, rates) };
    });
  }

  /** Tries some of the work, to tell what all of it comes to. */
  async #work(room: ProbeRoom, request: Asked, result: EstimateResult): Promise<DumpWork> {
    const rehearsed: Rehearsed[] = [];
    for (const plan of planRehearsals(request)) {
      const kind = await room.tried(request, plan, this.#abort.signal);
      if (kind !== undefined) rehearsed.push(timesOf(kind, plan.times));
    }
    const { bytes, sourceBytes } = result;
    const { fetchedBytes, snapshotMs } = request;
    const { coldMs, slowdown, startMs } = room;
    const pace = { coldMs, slowdown, startMs, snapshotMs };
    return { rehearsed, bytes, sourceBytes, fetchedBytes, ...pace };
  }

  /** What a dump would give away. */
  async preview(range: TimeRange, content: DumpContent): Promise<DumpPreview> {
    return await this.#once(`preview ${JSON.stringify([range, content])}`, async (room) => {
      const { manifest } = await this.#texts(range, content);
      const asked: PreviewRequest = {
        ...(await this.#request(room, range, content)),
        hosts: [...new Set(hostsIn(manifest))],
        maxEntries: maxPreviewEntries,
        maxExamples: maxPreviewExamples,
        budgetMs: probeBudgetMs,
      };
      return (await this.#call(room, 'dump.preview', asked)) as DumpPreview;
    });
  }

  /** Gives up what is asked, and the worker. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#idle?.cancel();
    await this.#turn;
    await this.#close();
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #once<T>(key: string, answer: (room: ProbeRoom) => Promise<T>): Promise<T> {
    const known = this.#asked.get(key);
    if (known !== undefined) return (await known) as T;
    if (this.#isStopped) throw stopped();
    if (this.#asked.size >= maxWaitingProbes) {
      throw new DumpError('DUMP_BUSY', say('dump.busy'));
    }
    const run = this.#turn.then(() => this.#answer(answer));
    this.#turn = run.catch(() => undefined);
    this.#asked.set(key, run);
    try {
      return await run;
    } finally {
      this.#asked.delete(key);
    }
  }

  async #answer<T>(answer: (room: ProbeRoom) => Promise<T>): Promise<T> {
    this.#idle?.cancel();
    try {
      this.#abort.signal.throwIfAborted();
      this.#room ??= ProbeRoom.open(this.#parts);
      return await answer(await this.#room);
    } catch (error) {
      // A worker that crashed cannot be asked again.
      await this.#close();
      throw this.#isStopped ? stopped() : toDumpError(error);
    } finally {
      this.#scheduleClose();
    }
  }

  async #request(room: ProbeRoom, range: TimeRange, content: DumpContent): Promise<Asked> {
    const { filter, redaction, stepSeconds } = content;
    const { collected } = this.#parts.facts;
    const types = stepSeconds === 0 ? {} : metricTypes((await collected(range)).metadata);
    return {
      ...(await this.#sources(room, range)),
      ...range,
      filter,
      isRedacted: redaction !== 'none',
      thinning: stepSeconds === 0 ? null : { stepMs: stepSeconds * 1000, types },
    };
  }

  async #sources(
    room: ProbeRoom,
    range: TimeRange,
  ): Promise<Pick<Asked, 'sources' | 'fetchedBytes' | 'snapshotMs'>> {
    const blocks = this.#coverage.blocks(range);
    const here = await this.#someOfTheFileStore(room, blocks);
    const sources = blocks.map((block): ProbeSource => {
      const { maxt, mint, numSamples, numSeries, sizeBytes } = block;
      const dir = block.kind === 'local' ? block.dir : (here.get(block.ulid) ?? null);
      return { mint, maxt, numSamples, numSeries, sizeBytes, dir, kind: 'block' };
    });
    const remote = blocks.filter(({ kind }) => kind === 'remote');
    const fetchedBytes = remote.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const { snapshotMs, sources: headSources } = await this.#headSources(room, range);
    return { sources: [...sources, ...headSources], fetchedBytes, snapshotMs };
  }

  async #headSources(
    room: ProbeRoom,
    range: TimeRange,
  ): Promise<Pick<Asked, 'sources' | 'snapshotMs'>> {
    const head = this.#coverage.head(range);
    const local = this.#parts.local();
    if (head === undefined || local === undefined) return { sources: [], snapshotMs: 0 };
    const whole: ProbeSource = { ...head, sizeBytes: 0, dir: null, kind: 'head' };
    const part = await room.headPart(local, head.maxt - 1, range);
    if (part === undefined) return { sources: [whole], snapshotMs: 0 };
    const { dir, maxt, mint, numSamples, numSeries, sizeBytes } = part.block;
    const facts = { mint, maxt, numSamples, numSeries, sizeBytes };
    const times = (head.numSamples * share(head, range)) / Math.max(1, numSamples);
    return {
      sources: [whole, { ...facts, dir, kind: 'head-part' }],
      snapshotMs: part.tookMs * times,
    };
  }

  /** When no block is on this node, one that is not too large is fetched, and others that are small. */
  async #someOfTheFileStore(
    room: ProbeRoom,
    blocks: readonly SourceBlock[],
  ): Promise<Map<string, string>> {
    const wanted = blocks.some(({ kind }) => kind === 'local') ? [] : toFetch(blocks);
    await room.keepFetched(wanted.map(({ ulid }) => ulid));
    const here = new Map<string, string>();
    for (const block of wanted) {
      const dir = await room.fetched(block, this.#abort.signal);
      if (dir !== undefined) here.set(block.ulid, dir);
    }
    return here;
  }

  /** The texts of the archive, but for the lists of its blocks and files. */
  async #texts(range: TimeRange, content: DumpContent): Promise<Texts> {
    const packed = {
      ...{ jobId: '', createdAtMs: this.#parts.clock.nowMs() },
      ...{ requested: range, actual: range, content },
      ...{ samples: 0, series: 0, blocks: [], warnings: [] },
    };
    return await archiveTexts(this.#parts, packed, (name) => Promise.resolve(name));
  }

  async #call(room: ProbeRoom, method: string, payload: object): Promise<unknown> {
    return await room.thread.call(method, payload, { signal: this.#abort.signal });
  }

  #scheduleClose(): void {
    if (this.#isStopped || this.#room === undefined) return;
    this.#idle?.cancel();
    this.#idle = this.#parts.clock.setTimer(probeIdleMs, () => {
      const closed = this.#turn.then(() => (this.#asked.size === 0 ? this.#close() : undefined));
      this.#turn = closed;
    });
  }

  async #close(): Promise<void> {
    const room = await this.#room?.catch(() => undefined);
    this.#room = undefined;
    await room?.close();
  }
}

type RemoteSource = SourceBlock & { kind: 'remote' };

/** The middle one by size, and as many others as are small together. */
function toFetch(blocks: readonly SourceBlock[]): RemoteSource[] {
  const fitting = blocks
    .filter((block) => block.kind === 'remote')
    .filter(({ sizeBytes }) => sizeBytes <= maxFetchedProbeBytes)
    .sort((a, b) => a.sizeBytes - b.sizeBytes);
  const [first, ...others] = spread(fitting);
  if (first === undefined) return [];
  const chosen = [first];
  let leftBytes = maxFetchedBesideBytes;
  for (const block of others) {
    if (chosen.length === maxProbedBlocks) break;
    if (block.sizeBytes > leftBytes) continue;
    leftBytes -= block.sizeBytes;
    chosen.push(block);
  }
  return chosen;
}

/** What so many times as much as was tried takes in a dump. */
function timesOf({ archiveBytes, checkMs, packMs }: Rehearsed, times: number): Rehearsed {
  return {
    packMs: (packMs * times) / tryExcess,
    checkMs: (checkMs * times) / tryExcess,
    archiveBytes: archiveBytes * times,
  };
}
