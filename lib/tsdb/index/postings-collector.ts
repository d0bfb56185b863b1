/** One postings list: series refs, ascending. Without name and value it is the list of all series. */
export interface PostingsList {
  readonly name: number | undefined;
  readonly value: number | undefined;
  readonly refs: Uint32Array;
}

/**
 * Gathers which series have which label. One flat column holds the label pair of each label of
 * each series; lists are made at the end by counting, so that no list has to grow.
 */
export class PostingsCollector {
  /** Pair number by name symbol and value symbol. */
  readonly #pairs = new Map<number, Map<number, number>>();
  #pairCount = 0;
  /** Refs of all series, in order. */
  #refs = new Uint32Array(1024);
  #seriesCount = 0;
  /** Labels of each series, and for each label of each series, in order, its pair number. */
  #labels = new Uint32Array(1024);
  #labelPairs = new Uint32Array(8192);
  #labelCount = 0;

  /** Lists that {@link lists} gives. */
  get listCount(): number {
    return this.#pairCount + 1;
  }

  /** Refs must ascend. `labels` holds name and value symbols in turn. */
  add(ref: number, labels: readonly number[]): void {
    if (this.#seriesCount === this.#refs.length) {
      this.#refs = doubled(this.#refs);
      this.#labels = doubled(this.#labels);
    }
    this.#labels[this.#seriesCount] = labels.length / 2;
    this.#refs[this.#seriesCount++] = ref;
    for (let at = 0; at < labels.length; at += 2) {
      if (this.#labelCount === this.#labelPairs.length)
        this.#labelPairs = doubled(this.#labelPairs);
      this.#labelPairs[this.#labelCount++] = this.#pair(labels[at]!, labels[at + 1]!);
    }
  }

  /** The list of all series, then one list per label pair, sorted by name and value. */
  *lists(): Generator<PostingsList> {
    const all = this.#refs.subarray(0, this.#seriesCount);
    yield { name: undefined, value: undefined, refs: all };
    const { refs, ends } = this.#sortByPair();
    for (const [name, values] of sortedEntries(this.#pairs)) {
      for (const [value, pair] of sortedEntries(values)) {
        yield { name, value, refs: refs.subarray(pair === 0 ? 0 : ends[pair - 1]!, ends[pair]) };
      }
    }
  }

  #pair(name: number, value: number): number {
    let values = this.#pairs.get(name);
    if (values === undefined) this.#pairs.set(name, (values = new Map<number, number>()));
    let pair = values.get(value);
    if (pair === undefined) values.set(value, (pair = this.#pairCount++));
    return pair;
  }

  /** Series refs grouped by pair, in order within each; `ends` says where each group ends. */
  #sortByPair(): { refs: Uint32Array; ends: Uint32Array } {
    const ends = new Uint32Array(this.#pairCount);
    for (let at = 0; at < this.#labelCount; at++) ends[this.#labelPairs[at]!]!++;
    let total = 0;
    for (let pair = 0; pair < ends.length; pair++) {
      const count = ends[pair]!;
      ends[pair] = total;
      total += count;
    }
    const refs = new Uint32Array(total);
    let at = 0;
    for (let series = 0; series < this.#seriesCount; series++) {
      for (let left = this.#labels[series]!; left > 0; left--) {
        refs[ends[this.#labelPairs[at++]!]!++] = this.#refs[series]!;
      }
    }
    return { refs, ends };
  }
}

function sortedEntries<T>(map: ReadonlyMap<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => a - b);
}

/** The column with as much room again; its memory moves, so that nothing is left for the engine to collect. */
function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  return new Uint32Array(column.buffer.transfer(2 * column.byteLength));
}
