import type { DumpEstimate } from '../../../api/index.ts';
import type { BlockCatalog } from '../../share/index.ts';
import { spaceMarginBytes } from '../limits.ts';
import type { HeadSource, LocalStorePort } from '../ports.ts';
import { snapshotBytesOf, temporaryBytes } from './room.ts';
import {
  estimateDump,
  groupOverlapping,
  overlaps,
  selectBlocks,
  type SourceBlock,
  type TimeRange,
} from './selection.ts';

/** The head as a block that is not yet one. */
export interface HeadSpan {
  mint: number;
  maxt: number;
  numSamples: number;
  numSeries: number;
}

/** What dumps can be made of, as far as this node knows without asking anybody. */
export class DumpCoverage {
  readonly #catalog: BlockCatalog;
  readonly #heads: HeadSource | undefined;
  readonly #local: () => LocalStorePort | undefined;

  constructor(sources: {
    catalog: BlockCatalog;
    heads?: HeadSource;
    local: () => LocalStorePort | undefined;
  }) {
    this.#catalog = sources.catalog;
    this.#heads = sources.heads;
    this.#local = sources.local;
  }

  /** From the first time covered to the last; undefined when there is nothing at all. */
  available(): TimeRange | undefined {
    const heads = this.#heads?.blocks() ?? [];
    const blocks = [...this.#catalog.blocks(), ...heads, ...(this.#local()?.blocks() ?? [])];
    const spans = blocks.map(({ mint, maxt }) => ({ mint, maxt }));
    const head = this.#head();
    if (head !== undefined) spans.push(head);
    if (spans.length === 0) return undefined;
    let fromMs = Infinity;
    let toMs = -Infinity;
    for (const { mint, maxt } of spans) {
      fromMs = Math.min(fromMs, mint);
      toMs = Math.max(toMs, maxt);
    }
    return { fromMs, toMs };
  }

  /** Whether something that is known has a part in the range. */
  covers(range: TimeRange): boolean {
    const head = this.#head();
    return this.#blocks(range).length > 0 || (head !== undefined && overlaps(head, range));
  }

  estimate(range: TimeRange): DumpEstimate {
    return estimateDump(this.#blocks(range), this.#head(), range);
  }

  /** Temporary space that building needs on the disk of the data directory, and some to go on beside. */
  neededBytes(range: TimeRange): number {
    const groups = groupOverlapping(this.#blocks(range));
    const head = this.head(range);
    const snapshotBytes = head === undefined ? 0 : snapshotBytesOf(head);
    return temporaryBytes(groups) + snapshotBytes + spaceMarginBytes;
  }

  /** Blocks that a dump of the range is made of. */
  blocks(range: TimeRange): SourceBlock[] {
    return this.#blocks(range);
  }

  /** What of this node's head has a part in the range. */
  head(range: TimeRange): HeadSpan | undefined {
    const head = this.#head();
    return head !== undefined && overlaps(head, range) ? head : undefined;
  }

  #blocks(range: TimeRange): SourceBlock[] {
    const remote = { blocks: this.#catalog.blocks(), heads: this.#heads?.blocks() ?? [] };
    return selectBlocks(this.#local()?.blocks() ?? [], remote, range);
  }

  #head(): HeadSpan | undefined {
    const stats = this.#local()?.stats();
    if (stats?.headMinMs === undefined || stats.headMaxMs === undefined) return undefined;
    const [mint, maxt] = [stats.headMinMs, stats.headMaxMs + 1];
    return { mint, maxt, numSamples: stats.headSamples, numSeries: stats.headSeries };
  }
}
