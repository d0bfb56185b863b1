/** Random numbers in [0, 1), repeatable. */
export type Chance = () => number;

/** One or more lines of an exposition whose values move. */
export interface Metric {
  /** Lets `seconds` pass. */
  advance(seconds: number, chance: Chance): void;
  /** Appends the lines. */
  render(lines: string[]): void;
  /** Starts over, as a restarted process does. */
  restart(): void;
}

/** Label names and values in order of exposition. */
export type LabelPairs = readonly (readonly [name: string, value: string])[];

/** Formats as Go's `strconv.FormatFloat(value, 'g', -1, 64)`, which exporters use. */
export function goNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const size = Math.abs(value);
  // The exponent form begins at 21 digits in JavaScript and at 1e+06 in Go.
  if (size >= 1e-4 && size < 1e6) return String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa}e${sign}${exponent.slice(1).padStart(2, '0')}`;
}

/** `name{label="value"}` with the escapes of the text format. */
export function seriesText(name: string, labels: LabelPairs): string {
  if (labels.length === 0) return name;
  const pairs = labels.map(([label, value]) => `${label}="${escapeValue(value)}"`);
  return `${name}{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replace(/["\\\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** How many events happen in a time in which `mean` are expected. */
function events(mean: number, chance: Chance): number {
  return Math.floor(mean * (0.5 + chance()) + chance());
}

/** Counts events, or seconds when `step` is a fraction. */
export class CounterMetric implements Metric {
  readonly #prefix: string;
  readonly #perSecond: number;
  readonly #step: number;
  #value: number;

  constructor(name: string, labels: LabelPairs, perSecond: number, step = 1) {
    this.#prefix = `${seriesText(name, labels)} `;
    this.#perSecond = perSecond;
    this.#step = step;
    // A server that has been up for a day.
    this.#value = Math.floor(perSecond * 86_400) * step;
  }

  advance(seconds: number, chance: Chance): void {
    this.#value += events(this.#perSecond * seconds, chance) * this.#step;
  }

  render(lines: string[]): void {
    lines.push(this.#prefix + goNumber(this.#value));
  }

  restart(): void {
    this.#value = 0;
  }
}

/** Wanders between two bounds in whole steps; a `spread` of 0 keeps it where it is. */
export class GaugeMetric implements Metric {
  readonly #prefix: string;
  readonly #min: number;
  readonly #max: number;
  readonly #spread: number;
  #value: number;

  constructor(
    name: string,
    labels: LabelPairs,
    range: { min: number; max: number; spread: number },
  ) {
    this.#prefix = `${seriesText(name, labels)} `;
    this.#min = range.min;
    this.#max = range.max;
    this.#spread = range.spread;
    this.#value = Math.floor((range.min + range.max) / 2);
  }

  advance(_seconds: number, chance: Chance): void {
    const moved = this.#value + Math.round((chance() * 2 - 1) * this.#spread);
    this.#value = Math.min(this.#max, Math.max(this.#min, moved));
  }

  render(lines: string[]): void {
    lines.push(this.#prefix + goNumber(this.#value));
  }

  restart(): void {
    this.#value = this.#min;
  }
}

/** A gauge whose value is given from outside, as a start time is. */
export class FixedMetric implements Metric {
  readonly #prefix: string;
  readonly #read: () => number;

  constructor(name: string, labels: LabelPairs, read: () => number) {
    this.#prefix = `${seriesText(name, labels)} `;
    this.#read = read;
  }

  advance(): void {
    return;
  }

  render(lines: string[]): void {
    lines.push(this.#prefix + goNumber(this.#read()));
  }

  restart(): void {
    return;
  }
}

/** Bounds of the client library's default buckets. */
export const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Durations of events whose logarithm is spread around that of `typical`. */
export class HistogramMetric implements Metric {
  readonly #prefixes: string[];
  readonly #sumPrefix: string;
  readonly #countPrefix: string;
  readonly #weights: number[];
  readonly #counts: number[];
  readonly #perSecond: number;
  readonly #typical: number;
  #sum = 0;

  constructor(
    name: string,
    labels: LabelPairs,
    load: { perSecond: number; typical: number },
    buckets: readonly number[] = defaultBuckets,
  ) {
    const bounds = [...buckets.map(goNumber), '+Inf'];
    this.#prefixes = bounds.map(
      (bound) => `${seriesText(`${name}_bucket`, [...labels, ['le', bound]])} `,
    );
    this.#sumPrefix = `${seriesText(`${name}_sum`, labels)} `;
    this.#countPrefix = `${seriesText(`${name}_count`, labels)} `;
    this.#perSecond = load.perSecond;
    this.#typical = load.typical;
    this.#weights = bucketWeights(buckets, load.typical);
    this.#counts = this.#weights.map((weight) => Math.floor(weight * load.perSecond * 86_400));
    this.#sum = this.#counts.reduce((sum, count) => sum + count, 0) * load.typical * 1.0837;
  }

  advance(seconds: number, chance: Chance): void {
    let left = events(this.#perSecond * seconds, chance);
    // Few events: place each; many: by weight, the rest into the typical bucket.
    if (left <= 8) {
      for (; left > 0; left--) this.#place(1, this.#pick(chance()), chance);
      return;
    }
    let placed = 0;
    for (const [bucket, weight] of this.#weights.entries()) {
      const share = Math.floor(left * weight + chance() * 0.999);
      if (share > 0) this.#place(share, bucket, chance);
      placed += share;
    }
    if (placed < left) this.#place(left - placed, this.#pick(0.5), chance);
  }

  render(lines: string[]): void {
    let total = 0;
    for (const [bucket, prefix] of this.#prefixes.entries()) {
      total += this.#counts[bucket] ?? 0;
      lines.push(prefix + goNumber(total));
    }
    lines.push(this.#sumPrefix + goNumber(this.#sum), this.#countPrefix + goNumber(total));
  }

  restart(): void {
    this.#counts.fill(0);
    this.#sum = 0;
  }

  #pick(at: number): number {
    let left = at;
    for (const [bucket, weight] of this.#weights.entries()) {
      left -= weight;
      if (left < 0) return bucket;
    }
    return this.#weights.length - 1;
  }

  #place(count: number, bucket: number, chance: Chance): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#sum += count * this.#typical * (0.5 + chance());
  }
}

/** Share of events per bucket, the one above all bounds included. */
function bucketWeights(buckets: readonly number[], typical: number): number[] {
  const middles = [...buckets, (buckets.at(-1) ?? 1) * 2];
  const raw = middles.map((bound) => Math.exp(-((Math.log(bound / typical) / 1.1) ** 2)));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
}

/** Quantiles that are NaN until the first event. */
export class SummaryMetric implements Metric {
  readonly #name: string;
  readonly #labels: LabelPairs;
  readonly #perSecond: number;
  #count = 0;
  #sum = 0;
  #scale = 1;

  constructor(name: string, labels: LabelPairs, perSecond: number) {
    this.#name = name;
    this.#labels = labels;
    this.#perSecond = perSecond;
  }

  advance(seconds: number, chance: Chance): void {
    const count = events(this.#perSecond * seconds, chance);
    this.#count += count;
    this.#sum += count * 0.00061 * (0.5 + chance());
    this.#scale = 0.9 + 0.2 * chance();
  }

  render(lines: string[]): void {
    for (const [quantile, value] of [
      ['0', 2.9e-5],
      ['0.25', 0.000071],
      ['0.5', 0.00011],
      ['0.75', 0.00021],
      ['1', 0.010422],
    ] as const) {
      const shown = this.#count === 0 ? Number.NaN : value * this.#scale;
      const series = seriesText(this.#name, [...this.#labels, ['quantile', quantile]]);
      lines.push(`${series} ${goNumber(shown)}`);
    }
    lines.push(`${seriesText(`${this.#name}_sum`, this.#labels)} ${goNumber(this.#sum)}`);
    lines.push(`${seriesText(`${this.#name}_count`, this.#labels)} ${goNumber(this.#count)}`);
  }

  restart(): void {
    this.#count = 0;
    this.#sum = 0;
  }
}
