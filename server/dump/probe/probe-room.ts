import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import { codeOf, type Clock } from '../../../lib/runtime/index.ts';
import type { BlockInfo } from '../../../lib/tsdb/index.ts';
import { fetchBlock, WorkArea, type StorePace } from '../work-area/index.ts';
import { headPartAgeMs, headPartMs, maxTried, rehearsalAgeMs } from '../limits.ts';
import type { DumpThread, LocalStorePort } from '../ports.ts';
import { share, type SourceBlock } from '../selection/index.ts';
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

/** What was tried, and when. */
interface Tried {
  kind: RehearsedKind | undefined;
  atMs: number;
}

/** Part of its own length by which a part of the head may lag behind: what has just begun changes fast. */
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
  /** The block of the file store that is here. */
  #fetched: { ulid: string; dir: string } | undefined;

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
   * a minute old at most, and not much shorter than what there is now.
   */
  async headPart(
    local: LocalStorePort,
    headMaxMs: number,
  ): Promise<{ block: BlockInfo; tookMs: number } | undefined> {
    const nowMs = this.#parts.clock.monotonicMs();
    let part = this.#headPart;
    if (part === undefined || nowMs - part.takenAtMs >= headPartAgeMs || lags(part, headMaxMs)) {
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
    return kind;
  }

  /** Directory of a block of the file store; undefined when it is gone from there. */
  async fetched(source: SourceBlock, signal: AbortSignal): Promise<string | undefined> {
    if (source.kind === 'local') return source.dir;
    if (this.#fetched?.ulid === source.ulid) return this.#fetched.dir;
    await this.#dropFetched();
    const dir = join(await this.#area.directory('in'), source.ulid);
    try {
      await fetchBlock(this.#parts, source, dir, signal);
      this.#fetched = { ulid: source.ulid, dir };
      return dir;
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (codeOf(error) === 'STORE_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.thread.stop().catch((error: unknown) => {
      this.#parts.onHungThread?.(error);
    });
    await this.#area.remove();
  }

  async #dropFetched(): Promise<void> {
    const old = this.#fetched;
    this.#fetched = undefined;
    if (old !== undefined) await rm(old.dir, { recursive: true, force: true });
  }
}

function lags({ block }: HeadPart, headMaxMs: number): boolean {
  if (block === undefined) return true;
  return headMaxMs >= block.maxt + headPartLag * (block.maxt - block.mint);
}
