import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import type { Clock } from '../../../lib/runtime/index.ts';
import type { BlockInfo } from '../../../lib/tsdb/index.ts';
import { blockKey, codeOf } from '../../share/index.ts';
import { fetchObject } from '../fetch-object.ts';
import { headPartAgeMs, headPartMs } from '../limits.ts';
import type { DumpThread, LocalStorePort } from '../ports.ts';
import type { SourceBlock } from '../selection.ts';
import { WorkArea } from '../work-area.ts';

/** What a room is made of. */
export interface RoomParts {
  clock: Clock;
  store: ObjectStore;
  openThread: () => DumpThread;
  onHungThread?: (error: unknown) => void;
  dataDirectory: string;
}

/**
 * A worker and some files for questions about dumps: a part of the head, and blocks of the file store.
 * They are kept for the next question, until {@link close}.
 */
export class ProbeRoom {
  readonly thread: DumpThread;
  readonly #parts: RoomParts;
  readonly #area: WorkArea;
  #headPart: { block: BlockInfo | undefined; takenAtMs: number } | undefined;
  /** The block of the file store that is here. */
  #fetched: { ulid: string; dir: string } | undefined;

  private constructor(parts: RoomParts, area: WorkArea) {
    this.#parts = parts;
    this.#area = area;
    this.thread = parts.openThread();
  }

  static async open(parts: RoomParts): Promise<ProbeRoom> {
    return new ProbeRoom(parts, await WorkArea.create(parts.dataDirectory, 'probe'));
  }

  /** The newest part of the head as a block, a minute old at most; undefined when the head is empty. */
  async headPart(local: LocalStorePort, headMaxMs: number): Promise<BlockInfo | undefined> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#headPart !== undefined && nowMs - this.#headPart.takenAtMs < headPartAgeMs) {
      return this.#headPart.block;
    }
    const old = this.#headPart?.block;
    const parentDir = await this.#area.directory('head');
    const block = await local.snapshotHead({ mint: headMaxMs - headPartMs, parentDir });
    if (old !== undefined) await rm(old.dir, { recursive: true, force: true });
    this.#headPart = { block, takenAtMs: nowMs };
    return block;
  }

  /** Directory of a block of the file store; undefined when it is gone from there. */
  async fetched(source: SourceBlock, signal: AbortSignal): Promise<string | undefined> {
    if (source.kind === 'local') return source.dir;
    if (this.#fetched?.ulid === source.ulid) return this.#fetched.dir;
    await this.#dropFetched();
    const dir = join(await this.#area.directory('in'), source.ulid);
    try {
      // Readers want the directory even when there are no chunks.
      await mkdir(join(dir, 'chunks'), { recursive: true, mode: 0o700 });
      for (const { path } of source.block.blockFiles) {
        const key = blockKey(source.ulid, path, source.area);
        await fetchObject(this.#parts.store, key, join(dir, path), signal);
      }
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
