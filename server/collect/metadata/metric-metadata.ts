import type { FamilyMetadata } from '../../../lib/exposition/index.ts';
import { asError, type Clock, type Logger, type Timer } from '../../../lib/runtime/index.ts';
import {
  maxFamilies,
  maxFamilyNameChars,
  maxHelpChars,
  maxJobFamilies,
  maxMetadataJobs,
  metadataWriteDelayMs,
} from '../limits.ts';

/** What exporters said about a metric, as Prometheus' HTTP API tells it. */
export interface MetricMetadata {
  type: string;
  help: string;
  unit: string;
}

/** Where metadata is kept. */
export interface MetadataFile {
  /** Everything written so far; empty when there is nothing. */
  read(): Promise<string>;
  /** Puts `text` in place of everything, all of it or nothing. */
  replace(text: string): Promise<void>;
}

export interface MetadataBookOptions {
  file: MetadataFile;
  clock: Clock;
  logger: Logger;
}

const fileKind = 'metric-metadata';
const fileVersion = 1;

/**
 * HELP, TYPE and UNIT of every metric family that the targets of a job ever exposed, the newest word
 * last; survives restarts (docs/format/metric-metadata.md). Bounded for each job by itself, so that
 * one that invents names crowds out nobody else's: the families of which nothing new was heard for
 * longest are forgotten, and among too many jobs such a job. Written a while after a change, and at
 * the end.
 */
export class MetadataBook {
  readonly #file: MetadataFile;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By job and family; both in the order in which something new was heard of them. */
  readonly #jobs = new Map<string, Map<string, MetricMetadata>>();
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isDirty = false;

  /** Reads what earlier runs knew; a file that cannot be understood is begun anew. */
  static async open(options: MetadataBookOptions): Promise<MetadataBook> {
    return new MetadataBook(options, await options.file.read());
  }

  private constructor(options: MetadataBookOptions, text: string) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#logger = options.logger;
    for (const { job, name, metadata } of parseMetadata(text)) {
      const families = this.#jobs.get(job) ?? new Map<string, MetricMetadata>();
      this.#jobs.set(job, families.set(name, metadata));
    }
    for (const job of this.#jobs.keys()) this.#forgetSurplus(job);
  }

  /** Takes over what a body of a target of `job` says. */
  note(job: string, said: ReadonlyMap<string, FamilyMetadata>): void {
    const families = this.#jobs.get(job) ?? new Map<string, MetricMetadata>();
    let isNews = false;
    for (const [name, family] of said) {
      if (name === '' || name.length > maxFamilyNameChars) continue;
      const known = families.get(name);
      const next = merged(known, family);
      if (known !== undefined && isSame(known, next)) continue;
      families.delete(name);
      families.set(name, next);
      isNews = true;
    }
    if (isNews) {
      this.#jobs.delete(job);
      this.#jobs.set(job, families);
      this.#forgetSurplus(job);
      this.#isDirty = true;
    }
    if (this.#isDirty) this.#schedule();
  }

  /** Everything known, by family name; more than one entry where jobs differ. */
  all(): Record<string, MetricMetadata[]> {
    const all = new Map<string, MetricMetadata[]>();
    for (const families of this.#jobs.values()) {
      for (const [name, metadata] of families) {
        const entries = all.get(name);
        if (entries === undefined) all.set(name, [metadata]);
        else if (!entries.some((entry) => isSame(entry, metadata))) entries.push(metadata);
      }
    }
    return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#writing;
    await this.#write();
  }

  /** Forgets what is too much now that something new was heard of `job`. */
  #forgetSurplus(job: string): void {
    forgetOldest(this.#jobs.get(job), maxJobFamilies);
    for (const oldest of this.#jobs.keys()) {
      if (this.#jobs.size <= maxMetadataJobs) break;
      this.#jobs.delete(oldest);
    }
    let total = 0;
    for (const { size } of this.#jobs.values()) total += size;
    if (total <= maxFamilies) return;
    // Who has most of it gives way, so that a job with a few keeps them.
    const largest = [...this.#jobs.values()].reduce((a, b) => (b.size > a.size ? b : a));
    forgetOldest(largest, largest.size - (total - maxFamilies));
  }

  #schedule(): void {
    this.#timer ??= this.#clock.setTimer(metadataWriteDelayMs, () => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    });
  }

  /** Never rejects: the next change tries again, and until then memory knows everything. */
  async #write(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    try {
      await this.#file.replace(printMetadata(this.#jobs));
    } catch (error) {
      this.#isDirty = true;
      this.#logger.warn('The metadata of metrics could not be written', {
        code: 'METADATA_NOT_SAVED',
        error: asError(error),
      });
    }
  }
}

/** What is known after `family` was said: what it does not say stays. */
function merged(known: MetricMetadata | undefined, family: FamilyMetadata): MetricMetadata {
  const type = family.type === 'untyped' ? 'unknown' : family.type;
  return {
    type: type ?? known?.type ?? 'unknown',
    help: shortened(family.help ?? known?.help ?? ''),
    unit: family.unit ?? known?.unit ?? '',
  };
}

function forgetOldest(families: Map<string, MetricMetadata> | undefined, limit: number): void {
  for (const name of families?.keys() ?? []) {
    if (families === undefined || families.size <= limit) return;
    families.delete(name);
  }
}

function isSame(a: MetricMetadata, b: MetricMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}

function shortened(help: string): string {
  return help.length > maxHelpChars ? `${help.slice(0, maxHelpChars)}…` : help;
}

function printMetadata(jobs: ReadonlyMap<string, ReadonlyMap<string, MetricMetadata>>): string {
  const metrics = [...jobs].flatMap(([job, families]) =>
    [...families].map(([name, { type, help, unit }]) => ({ job, name, type, help, unit })),
  );
  return `${JSON.stringify({ kind: fileKind, version: fileVersion, metrics })}\n`;
}

interface ParsedEntry {
  job: string;
  name: string;
  metadata: MetricMetadata;
}

function parseMetadata(text: string): ParsedEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  const { kind, version, metrics } = fieldsOf(json);
  if (kind !== fileKind || version !== fileVersion || !Array.isArray(metrics)) return [];
  return (metrics as unknown[]).flatMap((entry) => parseEntry(fieldsOf(entry)));
}

function parseEntry({ job, name, type, help, unit }: Fields): ParsedEntry[] {
  if (typeof job !== 'string' || typeof name !== 'string' || typeof type !== 'string') return [];
  if (typeof help !== 'string' || typeof unit !== 'string') return [];
  return [{ job, name, metadata: { type, help: shortened(help), unit } }];
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
