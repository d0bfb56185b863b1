import { codeOf, errorText, type Clock, type Rng } from '../../runtime/index.ts';
import type { JsonObject } from '../block/index.ts';
import {
  planCompaction,
  withoutContained,
  type CompactionPlan,
  type MergeBlocks,
  type MergedBlocks,
} from '../compact/index.ts';
import { newUlid } from '../ulid.ts';
import type { BlockRemover } from './block-remover.ts';
import { blockInfo, takePublished, type BlockSet } from './block-set.ts';
import { firstMergeRetryMs, lastMergeRetryMs, mergeRanges, mergeSpaceShare } from './limits.ts';
import type { Problems } from './problems.ts';
import type { BlockInfo, StoreThread } from './types.ts';

/** What merging works on. */
export interface MergerParts {
  dir: string;
  clock: Clock;
  rng: Rng;
  thread: StoreThread;
  blocks: BlockSet;
  remover: BlockRemover;
  problems: Problems;
  extra: JsonObject | undefined;
  /** Time range of a block that was cut. */
  rangeMs: number;
  /** Whether a block may give way to one that was made of it. */
  mayMerge: (block: BlockInfo) => boolean;
  /** Free bytes of the disk. */
  freeBytes: () => Promise<number>;
  /** Whether the thread has something better to do. */
  isCutDue: () => boolean;
}

/** Makes few large blocks out of many small ones (docs/format/store.md, "Merge"). */
export class Merger {
  readonly #parts: MergerParts;
  readonly #ranges: readonly number[];
  /** Blocks that stay unmerged because one of them is damaged, by the cause of their problem. */
  readonly #leftAlone = new Map<string, readonly string[]>();
  #abort = new AbortController();
  #isStopped = false;
  #running: Promise<void> | undefined;
  #retryMs = firstMergeRetryMs;
  #notBeforeMs = -Infinity;

  constructor(parts: MergerParts) {
    this.#parts = parts;
    this.#ranges = mergeRanges.map((ranges) => ranges * parts.rangeMs);
  }

  /** Merges until nothing is due, or something better is. Never rejects: see `Store.problems`. */
  async run(): Promise<void> {
    // Maintenance may come here only after the store has begun to close.
    if (this.#isStopped) return;
    this.#running ??= this.#mergeAll().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Gives up a merge that is under way, for whoever needs the thread; it is tried again later. */
  async interrupt(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    this.#abort = new AbortController();
  }

  /** Ends what runs; from here on {@link run} does nothing. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#abort.abort();
    await this.#running;
  }

  async #mergeAll(): Promise<void> {
    const { clock, problems } = this.#parts;
    const { signal } = this.#abort;
    this.#forgetGone();
    if (clock.monotonicMs() < this.#notBeforeMs) return;
    try {
      await this.#removeContained();
      while (!this.#isStopped && !signal.aborted && !this.#parts.isCutDue()) {
        const plan = this.#plan();
        if (plan === undefined || !(await this.#hasRoom(plan.blocks))) break;
        await this.#merge(plan, signal);
      }
      problems.clear('merge');
      this.#retryMs = firstMergeRetryMs;
    } catch (error) {
      if (signal.aborted) return;
      this.#notBeforeMs = clock.monotonicMs() + this.#retryMs;
      const reason = errorText(error);
      const message = `merging blocks failed and will be tried again: ${reason}`;
      problems.set('merge', { code: 'TSDB_MERGE_FAILED', message, reason });
      this.#retryMs = Math.min(2 * this.#retryMs, lastMergeRetryMs);
    }
  }

  /** Removes blocks of which a crash has left the merged one beside them. */
  async #removeContained(): Promise<void> {
    const { blocks, mayMerge } = this.#parts;
    const all = blocks.list();
    const needed = new Set(withoutContained(all));
    for (const block of all) if (!needed.has(block) && mayMerge(block)) await this.#remove(block);
  }

  #plan(): CompactionPlan<PlannedBlock> | undefined {
    const { blocks, mayMerge } = this.#parts;
    const failed = new Set([...this.#leftAlone.values()].flat());
    const planned = blocks.list().map((info) => ({
      ...{ info, ulid: info.ulid, mint: info.mint, maxt: info.maxt, numSeries: info.numSeries },
      numTombstones: info.numTombstones ?? 0,
      // The planner leaves such blocks where they are, and what would have to be merged with them.
      hasFailed: info.hasFailed === true || failed.has(info.ulid) || !mayMerge(info),
    }));
    return planCompaction(planned, this.#ranges);
  }

  /** A disk that is short is not filled for the sake of tidiness: the WAL needs what is left. */
  async #hasRoom(inputs: readonly PlannedBlock[]): Promise<boolean> {
    const bytes = inputs.reduce((sum, { info }) => sum + info.sizeBytes, 0);
    return (await this.#parts.freeBytes()) * mergeSpaceShare > bytes;
  }

  async #merge({ blocks: inputs }: CompactionPlan<PlannedBlock>, signal: AbortSignal) {
    const { blocks } = this.#parts;
    let merged: BlockInfo | undefined;
    try {
      merged = await this.#write(
        inputs.map(({ info }) => info.dir),
        signal,
      );
    } catch (error) {
      // Retention was faster: what is left is planned anew.
      if (inputs.some(({ ulid }) => !blocks.has(ulid))) return;
      if (!isDamage(error)) throw error;
      this.#leaveAlone(inputs, error);
      return;
    }
    if (merged !== undefined) blocks.add(merged);
    for (const { info } of inputs) await this.#remove(info);
  }

  /** One bad block must not keep all others from being merged. */
  #leaveAlone(inputs: readonly PlannedBlock[], error: unknown): void {
    const names = inputs.map(({ ulid }) => ulid).join(', ');
    const reason = errorText(error);
    const message = `blocks ${names} cannot be merged: ${reason}`;
    const problem = { code: 'TSDB_MERGE_FAILED', message, reason: `${names}: ${reason}` };
    const cause = `merge ${names}`;
    this.#parts.problems.set(cause, problem);
    const ulids = inputs.map(({ ulid }) => ulid);
    this.#leftAlone.set(cause, ulids);
  }

  /** What cannot be merged is no problem any more once retention has taken all of it. */
  #forgetGone(): void {
    const { blocks, problems } = this.#parts;
    for (const [cause, ulids] of this.#leftAlone) {
      if (ulids.some((ulid) => blocks.has(ulid))) continue;
      problems.clear(cause);
      this.#leftAlone.delete(cause);
    }
  }

  async #write(dirs: string[], signal: AbortSignal): Promise<BlockInfo | undefined> {
    const { dir, clock, rng, thread, extra } = this.#parts;
    const ulid = newUlid(clock.nowMs(), rng);
    const payload: MergeBlocks = {
      ...{ dirs, parentDir: dir, ulid },
      ...(extra === undefined ? {} : { extra }),
    };
    try {
      const merged = (await thread.call('tsdb.mergeBlocks', payload, { signal })) as MergedBlocks;
      return merged === null ? undefined : blockInfo(merged.meta, merged.dir, merged.sizeBytes);
    } catch (error) {
      const published = await takePublished(dir, ulid);
      if (published === undefined) throw error;
      return published;
    }
  }

  async #remove({ ulid }: BlockInfo): Promise<void> {
    const { blocks, remover } = this.#parts;
    if (blocks.has(ulid)) await remover.remove(ulid);
  }
}

interface PlannedBlock {
  info: BlockInfo;
  ulid: string;
  mint: number;
  maxt: number;
  hasFailed: boolean;
  numSeries: number;
  numTombstones: number;
}

/** Whether what is stored is to blame, so that trying again is of no use. */
function isDamage(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return code.startsWith('TSDB_') && code !== 'TSDB_IO';
}
