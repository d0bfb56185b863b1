import type { BlockReader } from '../../../lib/tsdb/index.ts';
import { maxUnitedSeries } from '../limits.ts';
import { SeriesCount } from '../series/index.ts';

/**
 * Tells how many series several blocks have together. Of large blocks only some metrics are looked at,
 * the same ones in each.
 */
export class SeriesUnion {
  readonly #count = new SeriesCount();
  /** One of so many metrics is looked at. */
  #part: number | undefined;
  /** Series of the blocks, and how many of them were looked at. */
  #all = 0;
  #seen = 0;
  #blocks = 0;

  add(block: BlockReader, refs: Uint32Array): void {
    const part = (this.#part ??= Math.max(1, Math.ceil(refs.length / maxUnitedSeries)));
    this.#blocks++;
    this.#all += refs.length;
    for (const ref of part === 1 ? refs : this.#some(block, refs, part)) {
      this.#count.add(block.index.series(ref).labels);
      this.#seen++;
    }
  }

  /** Series in all of `blocks` blocks that are like those that were added. */
  total(blocks: number): number {
    if (this.#seen === 0) return 0;
    const scale = this.#all / this.#seen;
    const together = this.#count.count * scale;
    if (this.#blocks < 2) return together;
    // Every further block brings as many new series as those looked at did.
    const each = this.#all / this.#blocks;
    const fresh = Math.max(0, together - each) / (this.#blocks - 1);
    return together + fresh * Math.max(0, blocks - this.#blocks);
  }

  #some({ index }: BlockReader, refs: Uint32Array, part: number): number[] {
    const selected = new Set(refs);
    return index
      .labelValues('__name__')
      .filter((name) => hashOf(name) % part === 0)
      .flatMap((name) => [...index.postings('__name__', name)])
      .filter((ref) => selected.has(ref));
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
