import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { say, type KnownSentence } from '../../../api/index.ts';
import { codeOf } from '../../../lib/runtime/index.ts';
import { ulidTimeMs, type BlockInfo } from '../../../lib/tsdb/index.ts';
import { overlaps, selectBlocks, type SourceBlock, type TimeRange } from '../selection/index.ts';
import { holdBlock, type WorkArea } from '../work-area/index.ts';
import type { BuildParts } from './build-parts.ts';

/** Longest time from a block's first sample to its making, as far as half blocks are concerned. */
const maxBlockDelayMs = 6 * 60 * 60 * 1000;

/** Finds the blocks that a dump is made of and takes hold of those that this node could delete. */
export class DumpSources {
  readonly #parts: Pick<BuildParts, 'catalog' | 'heads' | 'local'>;
  readonly #request: { requested: TimeRange; signal: AbortSignal };
  readonly #area: WorkArea;
  /** What may be missing for what reason. */
  readonly warnings: KnownSentence[] = [];
  /** Why the newest samples may be missing. */
  staleness: KnownSentence | undefined;

  constructor(
    parts: Pick<BuildParts, 'catalog' | 'heads' | 'local'>,
    request: { requested: TimeRange; signal: AbortSignal },
    area: WorkArea,
  ) {
    this.#parts = parts;
    this.#request = request;
    this.#area = area;
  }

  /**
   * The order matters: a block that is cut meanwhile is in the snapshot before it leaves the head, and
   * a local block is only deleted once it is in the file store, which is looked at last. There, too,
   * snapshots come first: they go when their samples are in blocks.
   */
  async collect(): Promise<SourceBlock[]> {
    const { catalog, heads, local } = this.#parts;
    const { requested, signal } = this.#request;
    const store = local();
    const parentDir = await this.#area.directory('head');
    const range = { mint: requested.fromMs, maxt: requested.toMs };
    const head = await store?.snapshotHead({ ...range, parentDir, signal });
    const held = await this.#holdBlocks(store?.blocks() ?? []);
    this.staleness = await heads?.flush(signal);
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
      const code = codeOf(error) ?? 'UNKNOWN';
      this.warnings.push(say('note.not-listed', { code }));
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
      this.warnings.push(say('note.half-block', { ulid, reason }));
    }
  }
}
