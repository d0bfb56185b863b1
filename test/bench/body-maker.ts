import { seededRng } from '../../lib/runtime/index.ts';

/** What a body is made of; the defaults are those of a busy server. */
export interface BodyShape {
  gauges: number;
  counters: number;
  /** Label sets of the two histograms, 14 series each. */
  apiSets: number;
  storeSets: number;
  /** Share of the lines whose series is new in each body. */
  churn?: number;
}

/** 5,837 series in 665 KB, of whose values 65 % change from body to body. */
export const busyServer: BodyShape = { gauges: 18, counters: 289, apiSets: 175, storeSets: 220 };

/** 11,002 series, as a mid-size server has. */
export const midServer: BodyShape = { gauges: 34, counters: 552, apiSets: 330, storeSets: 414 };

/** Series in the bodies of a shape. */
export function seriesOf({ gauges, counters, apiSets, storeSets }: BodyShape): number {
  return gauges + counters + (apiSets + storeSets) * (bounds.length + 2);
}

const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];
bounds.push('+Inf');
/** How often a histogram and a counter are used between two bodies. */
const histogramUse = 0.85;
const counterUse = 0.65;

const methods = ['GetProfilesByIds', 'GetMembersForUser', 'SaveMultiple', 'AnalyticsCount'];
const parts = ['User', 'Channel', 'Post', 'Thread', 'Preference', 'Session', 'Team', 'Reaction'];

interface Histogram {
  name: string;
  labels: string;
  counts: number[];
  sum: number;
}

/**
 * Makes the bodies of one synthetic target one after the other. Equal seeds make equal bodies;
 * sums have 16 to 17 significant digits, as sums of durations have.
 */
export class BodyMaker {
  readonly #shape: BodyShape;
  readonly #u32: () => number;
  readonly #gauges: number[];
  readonly #counters: number[];
  readonly #histograms: Histogram[];
  #made = 0;
  #fresh = 0;

  constructor(seed: number, shape: BodyShape = busyServer) {
    this.#shape = shape;
    this.#u32 = seededRng(seed).u32;
    this.#gauges = Array.from({ length: shape.gauges }, () => this.#below(1000));
    this.#counters = Array.from({ length: shape.counters }, () => this.#below(1_000_000));
    this.#histograms = [
      ...Array.from({ length: shape.apiSets }, (_, i) => this.#histogram('api', apiLabels(i))),
      ...Array.from({ length: shape.storeSets }, (_, i) =>
        this.#histogram('store', storeLabels(i)),
      ),
    ];
  }

  /** The next body. */
  next(): Buffer {
    const lines: string[] = [];
    if (this.#made++ > 0) this.#advance();
    this.#renderSimple(lines, 'gauge', this.#gauges);
    this.#renderSimple(lines, 'counter', this.#counters);
    this.#renderHistograms(lines, 'api');
    this.#renderHistograms(lines, 'store');
    lines.push('');
    return Buffer.from(lines.join('\n'));
  }

  /** The next `count` bodies. */
  many(count: number): Buffer[] {
    return Array.from({ length: count }, () => this.next());
  }

  #below(end: number): number {
    return Math.floor((this.#u32() / 2 ** 32) * end);
  }

  #chance(probability: number): boolean {
    return this.#u32() < probability * 2 ** 32;
  }

  #histogram(kind: string, labels: string): Histogram {
    const histogram = {
      name: `mattermost_${kind}_time`,
      labels,
      counts: bounds.map(() => 0),
      sum: 0,
    };
    for (let i = 0; i < 50; i++) this.#observe(histogram, 1000);
    return histogram;
  }

  #observe(histogram: Histogram, most: number): void {
    const times = 1 + this.#below(most);
    // Small buckets are hit more often, so that a bucket's neighbours move together.
    const bucket = Math.min(this.#below(bounds.length), this.#below(bounds.length));
    for (let i = bucket; i < bounds.length; i++) histogram.counts[i]! += times;
    histogram.sum += (times * (this.#u32() + 1)) / 2 ** 32 / (bounds.length - bucket);
  }

  #advance(): void {
    const { gauges, counters } = this.#shape;
    for (let i = 0; i < gauges; i++) if (this.#chance(0.8)) this.#gauges[i] = this.#below(1000);
    for (let i = 0; i < counters; i++) {
      if (this.#chance(counterUse)) this.#counters[i]! += 1 + this.#below(20);
    }
    for (const histogram of this.#histograms) {
      if (this.#chance(histogramUse)) this.#observe(histogram, 8);
    }
    this.#fresh += Math.round(seriesOf(this.#shape) * (this.#shape.churn ?? 0));
  }

  #renderSimple(lines: string[], type: 'gauge' | 'counter', values: number[]): void {
    const end = type === 'gauge' ? '' : '_total';
    // Churning lines are spread over the counters: the first ones of each body are new.
    const fresh = Math.round(seriesOf(this.#shape) * (this.#shape.churn ?? 0));
    for (const [i, value] of values.entries()) {
      const name = `mattermost_${type}_${parts[i % parts.length]?.toLowerCase() ?? ''}_${i >> 3}${end}`;
      if (i % 8 === 0) lines.push(`# HELP ${name} What is counted here.`, `# TYPE ${name} ${type}`);
      const isFresh = type === 'counter' && i < 5 * fresh && i % 5 === 0;
      const generation = isFresh ? `,session="${String(this.#fresh + i / 5)}"` : '';
      lines.push(`${name}{cluster="main",node="app-${i % 3}"${generation}} ${String(value)}`);
    }
  }

  #renderHistograms(lines: string[], kind: string): void {
    const name = `mattermost_${kind}_time`;
    lines.push(`# HELP ${name} Time to do it (seconds)`, `# TYPE ${name} histogram`);
    for (const histogram of this.#histograms) {
      if (histogram.name !== name) continue;
      const { labels, counts, sum } = histogram;
      for (const [i, bound] of bounds.entries()) {
        lines.push(`${name}_bucket{${labels},le="${bound}"} ${String(counts[i])}`);
      }
      lines.push(`${name}_sum{${labels}} ${String(sum)}`);
      lines.push(`${name}_count{${labels}} ${String(counts.at(-1))}`);
    }
  }
}

function apiLabels(i: number): string {
  const handler = `${methods[i % 4] ?? ''}${parts[(i >> 2) % 8] ?? ''}${String(i)}`;
  return `handler="${handler}",method="GET",origin_client="web",status_code="${i % 9 === 0 ? 404 : 200}"`;
}

function storeLabels(i: number): string {
  const method = `${parts[i % 8] ?? ''}Store.${methods[(i >> 3) % 4] ?? ''}${String(i)}`;
  return `method="${method}",success="${String(i % 11 !== 0)}",db="main"`;
}
