import {
  labelValue,
  metricNameLabel,
  SampleBatch,
  type Labels,
  type SeriesVariants,
} from '../../lib/tsdb/index.ts';
import type { CommitCounts, SampleStore } from './sample-store.ts';

export interface StoredSample {
  timeMs: number;
  /** The value, or 'stale' for a staleness marker. */
  value: number | 'stale';
}

/** A store in memory with the rules of the real one about order, liveness and failure. */
export class FakeStore implements SampleStore {
  readonly #refs = new Map<string, number>();
  readonly #dead = new Set<number>();
  readonly #samples = new Map<number, StoredSample[]>();
  readonly #keys = new Map<number, string>();
  readonly #labels = new Map<number, Labels>();
  #nextRef = 0;
  /** Code that the next commits fail with. */
  failure: string | undefined;
  maxSeries = Infinity;
  commits = 0;

  seriesRef(labels: Labels): number {
    const key = keyOf(labels);
    const known = this.#refs.get(key);
    if (known !== undefined) return known;
    if (this.#refs.size >= this.maxSeries) throw coded('TSDB_SERIES_LIMIT');
    const ref = this.#nextRef++;
    this.#refs.set(key, ref);
    this.#keys.set(ref, key);
    this.#labels.set(ref, labels);
    return ref;
  }

  variantRef(ref: number, name: string, value: string): number | undefined {
    const labels = this.#labels.get(ref)?.slice() ?? [];
    const at = labels.findIndex((text, index) => index % 2 === 0 && text === name);
    if (at < 0 || !this.isLive(ref)) return undefined;
    labels[at + 1] = value;
    return this.#refs.size < this.maxSeries ? this.seriesRef(labels) : this.findSeries(labels);
  }

  variantRefs({ count, refs, name, values, found, added }: SeriesVariants): number {
    const before = this.seriesCount;
    for (let at = 0; at < count; at++) {
      const made = this.seriesCount;
      found[at] = this.variantRef(refs[at]!, name, values[at]!) ?? -1;
      if (this.seriesCount > made) added[made - before] = found[at]!;
    }
    return this.seriesCount - before;
  }

  metricOf(ref: number): string {
    return labelValue(this.#labels.get(ref) ?? [], metricNameLabel) ?? '';
  }

  findSeries(labels: Labels): number | undefined {
    return this.#refs.get(keyOf(labels));
  }

  get seriesCount(): number {
    return this.#refs.size;
  }

  topMetrics(): { name: string; series: number }[] {
    return [];
  }

  topLabels(): { name: string; series: number; values: number }[] {
    return [];
  }

  isLive(ref: number): boolean {
    return ref < this.#nextRef && !this.#dead.has(ref);
  }

  newestSampleMs(): number | undefined {
    const times = [...this.#samples.values()].flatMap((samples) => samples.at(-1)?.timeMs ?? []);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  newBatch(): SampleBatch {
    return new SampleBatch(8);
  }

  async commit(batch: SampleBatch): Promise<CommitCounts> {
    this.commits++;
    if (this.failure !== undefined) throw coded(this.failure);
    for (let at = 0; at < batch.count; at++) {
      if (!this.isLive(batch.refs[at]!)) throw coded('TSDB_UNKNOWN_SERIES');
    }
    const counts = { appended: 0, outOfOrder: 0, duplicates: 0, tooOld: 0 };
    for (let at = 0; at < batch.count; at++) counts[this.#append(batch, at)]++;
    return counts;
  }

  /** Forgets series, as the store does with those that have been silent for long. */
  forgetSeries(): void {
    for (const ref of this.#refs.values()) this.#dead.add(ref);
    this.#refs.clear();
  }

  /** Series names and labels in the order they were made. */
  keys(): string[] {
    return [...this.#keys.values()];
  }

  /** Samples of the series whose key is `name` or begins with `name{`. */
  samples(key: string): StoredSample[] {
    const found: StoredSample[] = [];
    for (const [ref, name] of this.#keys) {
      if (name === key || name.startsWith(`${key}{`)) found.push(...(this.#samples.get(ref) ?? []));
    }
    return found.sort((a, b) => a.timeMs - b.timeMs);
  }

  values(key: string): (number | 'stale')[] {
    return this.samples(key).map(({ value }) => value);
  }

  #append(batch: SampleBatch, at: number): 'appended' | 'outOfOrder' | 'duplicates' {
    const ref = batch.refs[at]!;
    const samples = this.#samples.get(ref) ?? [];
    this.#samples.set(ref, samples);
    const sample = { timeMs: batch.timesMs[at]!, value: valueOf(batch.lo[at]!, batch.hi[at]!) };
    const last = samples.at(-1);
    if (last !== undefined && sample.timeMs < last.timeMs) return 'outOfOrder';
    if (last?.timeMs === sample.timeMs) {
      return Object.is(last.value, sample.value) ? 'appended' : 'duplicates';
    }
    samples.push(sample);
    return 'appended';
  }
}

function valueOf(lo: number, hi: number): number | 'stale' {
  if (hi === 0x7ff00000 && lo === 2) return 'stale';
  const halves = Uint32Array.of(lo, hi);
  return new Float64Array(halves.buffer)[0]!;
}

function keyOf(labels: Labels): string {
  const pairs: string[] = [];
  let name = '';
  for (let at = 0; at < labels.length; at += 2) {
    if (labels[at] === '__name__') name = labels[at + 1] ?? '';
    else pairs.push(`${String(labels[at])}=${String(labels[at + 1])}`);
  }
  return `${name}{${pairs.join(',')}}`;
}

export function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
