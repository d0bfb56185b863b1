import { metricNameLabel } from '../labels.ts';
import { firstEntries, grownSize } from './grown-size.ts';
import { maxSlots } from './limits.ts';
import type { SymbolTable } from './symbols.ts';

const slotMask = maxSlots - 1;

/** How many series of the head have a text. */
export interface SeriesCount {
  name: string;
  series: number;
}

/** A label name, how many series have it and how many values it has. */
export interface LabelCount extends SeriesCount {
  values: number;
}

/** The label sets that are counted: pairs of symbol numbers. */
interface LabelSets {
  readonly symbols: SymbolTable;
  readonly pairs: Int32Array;
}

/** As {@link LabelSets}, by the slot of their series; a free one has the reference 0. */
interface SlottedSets extends LabelSets {
  readonly slotEnd: number;
  readonly refs: Uint32Array;
  readonly pairsAt: Uint32Array;
  readonly pairsLength: Uint16Array;
}

/**
 * How many series each metric and each label name has, kept up to date with every series that comes
 * or goes, so that the largest are known at any time.
 */
export class SeriesCounts {
  /** Series by symbol number of the metric name. */
  #metrics = new Uint32Array(firstEntries);
  /** Series by symbol number of the label name. */
  #labels = new Uint32Array(firstEntries);
  /** Symbol number that the label of the metric name had last. */
  #nameId = 0;

  /** Counts the series whose pairs are `[at, at + length)` once more, or (-1) once less. */
  change(sets: LabelSets, at: number, length: number, by: 1 | -1): void {
    const { symbols, pairs } = sets;
    this.#reserve(symbols.size);
    this.#findName(symbols);
    for (let pair = at; pair < at + length; pair += 2) {
      this.#labels[pairs[pair]!]! += by;
      if (pairs[pair] === this.#nameId) this.#metrics[pairs[pair + 1]!]! += by;
    }
  }

  /** Counts the series of the first `count` of `refs` once more. */
  addEach(sets: SlottedSets, refs: Int32Array, count: number): void {
    const { symbols, pairs, pairsAt, pairsLength } = sets;
    this.#reserve(symbols.size);
    this.#findName(symbols);
    const nameId = this.#nameId;
    const labels = this.#labels;
    const metrics = this.#metrics;
    for (let at = 0; at < count; at++) {
      const slot = refs[at]! & slotMask;
      const start = pairsAt[slot]!;
      const end = start + pairsLength[slot]!;
      for (let pair = start; pair < end; pair += 2) {
        const name = pairs[pair]!;
        labels[name]!++;
        if (name === nameId) metrics[pairs[pair + 1]!]!++;
      }
    }
  }

  /** Metric name of the series whose pairs are `[at, at + length)`; empty when it has none. */
  metricOf({ symbols, pairs }: LabelSets, at: number, length: number): string {
    this.#findName(symbols);
    for (let pair = at; pair < at + length; pair += 2) {
      if (pairs[pair] === this.#nameId) return symbols.text(pairs[pair + 1]!);
    }
    return '';
  }

  #findName(symbols: SymbolTable): void {
    if (symbols.text(this.#nameId) === metricNameLabel) return;
    this.#nameId = symbols.find(metricNameLabel);
  }

  /** The `limit` metrics with the most series, largest first. */
  topMetrics(symbols: SymbolTable, limit: number): SeriesCount[] {
    return largest(this.#metrics, symbols, limit).map(({ name, series }) => ({ name, series }));
  }

  /**
   * The `limit` label names with the most series, largest first. Their values are counted here and
   * now: about 5 ms for a hundred thousand series.
   */
  topLabels(sets: SlottedSets, limit: number): LabelCount[] {
    const { symbols, slotEnd, refs, pairsAt, pairsLength } = sets;
    const top = largest(this.#labels, symbols, limit);
    const counter = new ValueCounter(top, symbols.size);
    for (let slot = 1; slot < slotEnd; slot++) {
      if (refs[slot] !== 0) counter.add(sets.pairs, pairsAt[slot]!, pairsLength[slot]!);
    }
    return top.map(({ name, series }, at) => ({ name, series, values: counter.values[at]! }));
  }

  #reserve(symbols: number): void {
    if (symbols <= this.#labels.length) return;
    const size = grownSize(this.#labels.length, symbols);
    const metrics = this.#metrics;
    const labels = this.#labels;
    (this.#metrics = new Uint32Array(size)).set(metrics);
    (this.#labels = new Uint32Array(size)).set(labels);
  }
}

/** Counts the distinct values of some label names. */
class ValueCounter {
  readonly values: number[];
  /** By symbol number of a label name: its place in {@link values}, or -1. */
  readonly #places: Int16Array;
  /** For each name one flag per symbol number: it was met as a value. */
  readonly #met: Uint8Array[];

  constructor(names: readonly { id: number }[], symbols: number) {
    this.values = names.map(() => 0);
    this.#places = new Int16Array(symbols).fill(-1);
    for (const [at, { id }] of names.entries()) this.#places[id] = at;
    this.#met = names.map(() => new Uint8Array(symbols));
  }

  add(pairs: Int32Array, start: number, length: number): void {
    for (let pair = start; pair < start + length; pair += 2) {
      const at = this.#places[pairs[pair]!]!;
      if (at < 0) continue;
      const met = this.#met[at]!;
      const value = pairs[pair + 1]!;
      if (met[value] === 0) this.values[at]!++;
      met[value] = 1;
    }
  }
}

/** The symbols with the largest counts; `limit` is small. */
function largest(
  counts: Uint32Array,
  symbols: SymbolTable,
  limit: number,
): { id: number; name: string; series: number }[] {
  const top: { id: number; series: number }[] = [];
  const end = Math.min(counts.length, symbols.size);
  for (let id = 0; id < end; id++) {
    const series = counts[id]!;
    if (series === 0 || (top.length === limit && series <= top.at(-1)!.series)) continue;
    let at = top.length;
    while (at > 0 && top[at - 1]!.series < series) at--;
    top.splice(at, 0, { id, series });
    top.length = Math.min(top.length, limit);
  }
  return top.map(({ id, series }) => ({ id, name: symbols.text(id), series }));
}
