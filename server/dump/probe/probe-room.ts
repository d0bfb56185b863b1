import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import { codeOf, type Clock } from '../../../lib/runtime/index.ts';
import type { BlockInfo } from '../../../lib/tsdb/index.ts';
import { fetchBlock, WorkArea, type StorePace } from '../work-area/index.ts';
import { headPartAgeMs, headPartMs, maxTried, rehearsalAgeMs } from '../limits.ts';
import type { DumpThread, LocalStorePort } from '../ports.ts';
import { share, type SourceBlock, type TimeRange } from '../selection/index.ts';
import type { ProbeRequest } from './protocol.ts';
import type { RehearsalPlan } from './rehearsal-plan.ts';
import { rehearse, type RehearsedKind } from './rehearsal.ts';

/** What a room is made of. */
export interface RoomParts {
  clock: Clock;
  store: ObjectStore;
  openThread: () => DumpThread;
  onHungThread?: (error: unknown) => void;
  dataDirectory: string;
  storePace?: StorePace;
}

/** The newest hour of the head, and what writing it took. */
interface HeadPart {
  block: BlockInfo | undefined;
  takenAtMs: number;
  tookMs: number;
}

/** How much of what holds up a try of half a second holds up a dump as well, as an exponent. */
const lastingShare = 0.75;

/** What was tried, and when. */
interface Tried {
  kind: RehearsedKind | undefined;
  atMs: number;
}

/** Part of what a range has of the head that may be missing in a part of it: what is short changes fast. */
const headPartLag = 0.1;

/**
 * A worker and some files for questions about dumps: a part of the head, and blocks of the file store.
 * They are kept for the next question, until {@link close}.
 */
export class ProbeRoom {
  readonly thread: DumpThread;
  #startMs = 0;
  readonly #parts: RoomParts;
  readonly #area: WorkArea;
  #headPart: HeadPart | undefined;
  /** By what it was tried with. */
  readonly #tried = new Map<string, Tried>();
  #coldMs = 0;
  /** Directories of the blocks of the file store that are here. */
  readonly #fetched = new Map<string, string>();

  private constructor(parts: RoomParts, area: WorkArea, thread: DumpThread) {
    this.#parts = parts;
    this.#area = area;
    this.thread = thread;
  }

  static async open(parts: RoomParts): Promise<ProbeRoom> {
    const { clock, dataDirectory, openThread } = parts;
    const area = await WorkArea.create(dataDirectory, 'probe');
    const startedMs = clock.monotonicMs();
    const room = new ProbeRoom(parts, area, openThread());
    try {
      // The first answer says that it has started.
      await room.thread.call('dump.discard', { id: '' });
    } catch (error) {
      await room.close();
      throw error;
    }
    room.#startMs = clock.monotonicMs() - startedMs;
    return room;
  }

  /** What starting the worker took. */
  get startMs(): number {
    return this.#startMs;
  }

  /**
   * The newest part of the head as a block, and what writing it took; undefined when the head is empty. It is
   * a minute old at most, and little of what the range has of the head by now is missing.
   */
  async headPart(
    local: LocalStorePort,
    headMaxMs: number,
    range: TimeRange,
  ): Promise<{ block: BlockInfo; tookMs: number } | undefined> {
    const nowMs = this.#parts.clock.monotonicMs();
    let part = this.#headPart;
    const isYoung = part !== undefined && nowMs - part.takenAtMs < headPartAgeMs;
    if (part === undefined || !isYoung || lags(part, headMaxMs, range)) {
      part = await this.#takeHeadPart(local, headMaxMs, nowMs);
    }
    const { block, tookMs } = part;
    return block === undefined ? undefined : { block, tookMs };
  }

  async #takeHeadPart(local: LocalStorePort, headMaxMs: number, nowMs: number): Promise<HeadPart> {
    const old = this.#headPart?.block;
    const parentDir = await this.#area.directory('head');
    const block = await local.snapshotHead({ mint: headMaxMs - headPartMs, parentDir });
    if (old !== undefined) await rm(old.dir, { recursive: true, force: true });
    const tookMs = this.#parts.clock.monotonicMs() - nowMs;
    const part = { block, takenAtMs: nowMs, tookMs };
    this.#headPart = part;
    return part;
  }

  /** What a dump of a block would take, tried a minute ago at most. */
  async tried(
    request: ProbeRequest,
    { range, source }: RehearsalPlan,
    signal: AbortSignal,
  ): Promise<RehearsedKind | undefined> {
    const { clock } = this.#parts;
    const { filter, isRedacted, thinning } = request;
    const part = Math.round(20 * share(source, range));
    const key = JSON.stringify([source.dir, part, filter, isRedacted, thinning?.stepMs]);
    const known = this.#tried.get(key);
    const nowMs = clock.monotonicMs();
    if (known !== undefined && nowMs - known.atMs < rehearsalAgeMs) return known.kind;
    const parentDir = await this.#area.directory('rehearsal');
    const parts = { clock, thread: this.thread, parentDir, signal };
    const kind = await rehearse(parts, request, { range, source });
    if (this.#tried.size === maxTried) this.#tried.clear();
    this.#tried.set(key, { kind, atMs: nowMs });
    this.#coldMs = Math.max(this.#coldMs, kind?.coldMs ?? 0);
    return kind;
  }

  /** The most that code which had not run before took longer: every dump has a new worker. */
  get coldMs(): number {
    return this.#coldMs;
  }

  /**
   * How far the clock will go while CPUs work a millisecond, by the last minute's tries; 1 without any. Other
   * programs that are busy in a short try are not always so in a long dump.
   */
  get slowdown(): number {
    const nowMs = this.#parts.clock.monotonicMs();
    let wallMs = 0;
    let workMs = 0;
    for (const { atMs, kind } of this.#tried.values()) {
      if (kind === undefined || nowMs - atMs >= rehearsalAgeMs) continue;
      wallMs += kind.took.wallMs;
      workMs += kind.took.workMs;
    }
    return wallMs > 0 && workMs > 0 ? (wallMs / workMs) ** lastingShare : 1;
  }

  /** Directory of a block of the file store; undefined when it is gone from there. */
  async fetched(
    source: SourceBlock & { kind: 'remote' },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const known = this.#fetched.get(source.ulid);
    if (known !== undefined) return known;
    const dir = join(await this.#area.directory('in'), source.ulid);
    try {
      await fetchBlock(this.#parts, source, dir, signal);
      this.#fetched.set(source.ulid, dir);
      return dir;
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (codeOf(error) === 'STORE_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** Removes blocks of the file store that are not among these. */
  async keepFetched(ulids: readonly string[]): Promise<void> {
    for (const [ulid, dir] of this.#fetched) {
      if (ulids.includes(ulid)) continue;
      this.#fetched.delete(ulid);
      await rm(dir, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await this.thread.stop().catch((error: unknown) => {
      this.#parts.onHungThread?.(error);
    });
    await this.#area.remove();
  }
}

function lags({ block }: HeadPart, headMaxMs: number, { fromMs, toMs }: TimeRange): boolean {
  if (block === undefined) return true;
  const untilMs = Math.min(headMaxMs + 1, toMs);
  const missingMs = untilMs - block.maxt;
  return missingMs > 0 && missingMs >= headPartLag * (untilMs - Math.max(fromMs, block.mint));
}
