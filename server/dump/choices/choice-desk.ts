import { say, type DumpChoices } from '../../../api/index.ts';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import { hostOf, type DumpCoverage, type SourceBlock, type TimeRange } from '../selection/index.ts';
import { DumpError, toDumpError } from '../errors.ts';
import { eachIndex, WorkArea } from '../work-area/index.ts';
import {
  choiceBudgetMs,
  maxChoices,
  maxFetchedIndexBytes,
  maxFetchedIndexes,
  maxKnownChoiceBlocks,
  maxWaitingProbes,
} from '../limits.ts';
import type { DumpThread, LocalStorePort } from '../ports.ts';
import { spread } from '../probe/index.ts';
import { stopped } from '../refusals.ts';
import type { BlockValues, ValuesRequest, ValuesResult } from './protocol.ts';

/** What {@link ChoiceDesk} stands on. */
export interface ChoiceParts {
  store: ObjectStore;
  local: () => LocalStorePort | undefined;
  openThread: () => DumpThread;
  onHungThread?: (error: unknown) => void;
  dataDirectory: string;
}

type Remote = Extract<SourceBlock, { kind: 'remote' }>;

/**
 * Tells which hosts and jobs a range has data of, also of those that are gone by now: from the head, and
 * from the indexes of blocks, which are read once each and remembered. One question at a time.
 */
export class ChoiceDesk {
  readonly #parts: ChoiceParts;
  readonly #coverage: DumpCoverage;
  /** By ULID; blocks never change. Whoever was not asked for longest comes first. */
  readonly #known = new Map<string, BlockValues>();
  readonly #abort = new AbortController();
  #waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ChoiceParts, coverage: DumpCoverage) {
    this.#parts = parts;
    this.#coverage = coverage;
  }

  async choices(range: TimeRange): Promise<DumpChoices> {
    if (this.#abort.signal.aborted) throw stopped();
    if (this.#waiting >= maxWaitingProbes) {
      throw new DumpError('DUMP_BUSY', say('dump.busy'));
    }
    this.#waiting++;
    const run = this.#turn.then(() => this.#answer(range));
    this.#turn = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      this.#waiting--;
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#turn;
  }

  async #answer(range: TimeRange): Promise<DumpChoices> {
    try {
      this.#abort.signal.throwIfAborted();
      const blocks = this.#coverage.blocks(range);
      await this.#learn(blocks.filter(({ ulid }) => !this.#known.has(ulid)));
      return this.#told(range, blocks);
    } catch (error) {
      throw this.#abort.signal.aborted ? stopped() : toDumpError(error);
    }
  }

  #told(range: TimeRange, blocks: readonly SourceBlock[]): DumpChoices {
    const known = blocks.flatMap(({ ulid }) => this.#recall(ulid) ?? []);
    const head = this.#headValues(range);
    const hosts = sortedOnce([...known.flatMap((each) => each.hosts), ...head.hosts]);
    const jobs = sortedOnce([...known.flatMap((each) => each.jobs), ...head.jobs]);
    return {
      hosts: hosts.slice(0, maxChoices),
      jobs: jobs.slice(0, maxChoices),
      isCut: known.length < blocks.length || Math.max(hosts.length, jobs.length) > maxChoices,
    };
  }

  #recall(ulid: string): BlockValues | undefined {
    const values = this.#known.get(ulid);
    if (values === undefined) return undefined;
    this.#known.delete(ulid);
    this.#known.set(ulid, values);
    return values;
  }

  #headValues(range: TimeRange): BlockValues {
    const local = this.#parts.local();
    if (local === undefined || this.#coverage.head(range) === undefined) {
      return { hosts: [], jobs: [] };
    }
    const instances = local.labelValues('instance', range.fromMs);
    return { hosts: instances.map(hostOf), jobs: local.labelValues('job', range.fromMs) };
  }

  async #learn(blocks: readonly SourceBlock[]): Promise<void> {
    if (blocks.length === 0) return;
    const thread = this.#parts.openThread();
    try {
      const local = blocks.filter((block) => block.kind === 'local');
      const dirs = local.map(({ dir }) => dir);
      this.#keep(local, await this.#values(thread, dirs));
      await this.#learnRemote(thread, fetchable(blocks));
    } finally {
      await thread.stop().catch((error: unknown) => {
        this.#parts.onHungThread?.(error);
      });
    }
  }

  async #learnRemote(thread: DumpThread, blocks: readonly Remote[]): Promise<void> {
    if (blocks.length === 0) return;
    const { signal } = this.#abort;
    const { dataDirectory, store } = this.#parts;
    const area = await WorkArea.create(dataDirectory, 'choices');
    try {
      for (const block of blocks) {
        await eachIndex([block], { store, parentDir: area.path, signal }, async (dir) => {
          this.#keep([block], await this.#values(thread, [dir]));
        });
      }
    } finally {
      await area.remove();
    }
  }

  async #values(thread: DumpThread, dirs: readonly string[]): Promise<ValuesResult> {
    if (dirs.length === 0) return [];
    const request: ValuesRequest = { dirs, budgetMs: choiceBudgetMs };
    const { signal } = this.#abort;
    return (await thread.call('dump.values', request, { signal })) as ValuesResult;
  }

  #keep(blocks: readonly SourceBlock[], found: ValuesResult): void {
    for (const [at, values] of found.entries()) {
      const ulid = blocks[at]?.ulid;
      if (values === null || ulid === undefined) continue;
      this.#known.set(ulid, values);
      const [oldest] = this.#known.keys();
      if (this.#known.size > maxKnownChoiceBlocks && oldest !== undefined) {
        this.#known.delete(oldest);
      }
    }
  }
}

/**
 * Blocks of the file store of which the index is fetched now: from everywhere in the range, and those that
 * hold hours before snapshots of minutes. The next question goes on with the others.
 */
function fetchable(blocks: readonly SourceBlock[]): Remote[] {
  const remote = blocks.filter((block) => block.kind === 'remote');
  const inOrder = (['data', 'head'] as const).flatMap((area) =>
    spread(remote.filter((block) => block.area === area)),
  );
  const taken: Remote[] = [];
  let bytes = 0;
  for (const block of inOrder) {
    const { sizeBytes = Infinity } =
      block.block.blockFiles.find(({ path }) => path === 'index') ?? {};
    if (taken.length >= maxFetchedIndexes) break;
    if (bytes + sizeBytes > maxFetchedIndexBytes) continue;
    taken.push(block);
    bytes += sizeBytes;
  }
  return taken;
}

function sortedOnce(names: readonly string[]): string[] {
  return [...new Set(names)].filter(Boolean).sort();
}
