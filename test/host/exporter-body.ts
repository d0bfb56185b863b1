import { seededRng } from '../../lib/runtime/index.ts';
import { buildFamilies, type ExporterProfile, type Family } from './exporter-families.ts';
import { CounterMetric, HistogramMetric, type Chance } from './exporter-metrics.ts';
import { apiLabels } from './exporter-names.ts';

/** The state of a synthetic server and the exposition that shows it. */
export class ExporterBody {
  readonly #families: Family[];
  readonly #profile: ExporterProfile;
  readonly #chance: Chance;
  readonly #nowMs: () => number;
  #startSeconds: number;
  #extraHandlers = 0;

  constructor(profile: ExporterProfile, seed: number, nowMs: () => number) {
    const rng = seededRng(seed);
    this.#chance = () => rng.u32() / 0x1_0000_0000;
    this.#profile = profile;
    this.#nowMs = nowMs;
    this.#startSeconds = Math.floor(nowMs() / 1000) - 86_400;
    this.#families = buildFamilies(profile, () => this.#startSeconds);
  }

  /** Lets `seconds` of load pass. */
  advance(seconds: number): void {
    for (const { metrics } of this.#families) {
      for (const metric of metrics) metric.advance(seconds, this.#chance);
    }
  }

  /** All counters begin anew, and the start time moves. */
  restart(): void {
    this.#startSeconds = Math.floor(this.#nowMs() / 1000);
    for (const { metrics } of this.#families) for (const metric of metrics) metric.restart();
  }

  /** A handler is used for the first time: 14 more series. */
  addHandler(): void {
    const index = this.#profile.apiSets + this.#extraHandlers++;
    const labels = apiLabels(index);
    const name = 'mattermost_api_time';
    this.#family(name)?.metrics.push(
      new HistogramMetric(name, labels, { perSecond: 1, typical: 0.02 }),
    );
  }

  /** The newest handler is gone again: its series vanish. */
  removeHandler(): void {
    this.#family('mattermost_api_time')?.metrics.pop();
  }

  /** Adds one counter with a label value of the test's choice. */
  addCounter(name: string, labels: [string, string][]): void {
    this.#families.push({
      name,
      help: 'Added by a test.',
      type: 'counter',
      metrics: [new CounterMetric(name, labels, 1)],
    });
    this.#families.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  render(): string {
    const lines: string[] = [];
    for (const { name, help, type, metrics } of this.#families) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const metric of metrics) metric.render(lines);
    }
    lines.push('');
    return lines.join('\n');
  }

  #family(name: string): Family | undefined {
    return this.#families.find((family) => family.name === name);
  }
}
