import { mkdir, readFile, stat } from 'node:fs/promises';
import { arch, cpus } from 'node:os';
import { join } from 'node:path';
import type { Dump } from '../../../api/index.ts';
import { codeOf, errorText, replaceFile, type Logger } from '../../../lib/runtime/index.ts';
import { maxKeptPaceBytes, maxPacedDumps } from '../limits.ts';
import type { StorePace } from '../work-area/index.ts';
import type { DumpPace, StoreRates } from './dump-pace.ts';

const fileName = 'dump-pace.json';

const kind = 'dump-pace';
const version = 1;

/** What {@link KeptPace} stands on. */
export interface KeptPaceOptions {
  /** The directory of the store. */
  dataDirectory: string;
  logger: Logger;
  pluginVersion: string;
  pace: DumpPace;
  storePace: StorePace;
}

/** What dumps have taught, as it is kept. */
interface Kept {
  factors: Map<string, number[]>;
  rates: StoreRates;
}

/**
 * Keeps what finished dumps have taught about the pace of this node for its next process, which could else
 * say of its first dump only what a short try tells: docs/format/dump-pace.md.
 */
export class KeptPace {
  readonly #options: KeptPaceOptions;
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();
  /** The dump that was built last. */
  #worked: { id: string; workMs: number } | undefined;

  constructor(options: KeptPaceOptions) {
    this.#options = options;
    this.#path = join(options.dataDirectory, fileName);
  }

  /** Remembers what an earlier process learned on this machine. */
  async load(): Promise<void> {
    const { pace, storePace } = this.#options;
    const text = await this.#read();
    const kept = text === undefined ? undefined : parsed(text, this.#machine());
    if (kept === undefined) return;
    pace.restore(kept.factors);
    storePace.restore(kept.rates);
  }

  /** A dump of this node was built, which took so much CPU time. */
  worked(id: string, workMs: number): void {
    this.#worked = { id, workMs };
  }

  /** Learns from a dump of this node, and keeps what there was to learn. */
  learn(dump: Dump): void {
    const workMs = this.#worked?.id === dump.id ? this.#worked.workMs : undefined;
    if (!this.#options.pace.learn(dump, workMs)) return;
    this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when everything is written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #read(): Promise<string | undefined> {
    try {
      const { size } = await stat(this.#path);
      return size > maxKeptPaceBytes ? undefined : await readFile(this.#path, 'utf8');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#tell('read', error);
      return undefined;
    }
  }

  async #write(): Promise<void> {
    const { dataDirectory, pace, storePace } = this.#options;
    const factors = Object.fromEntries(pace.factors);
    const { get = null, put = null } = storePace.rates;
    const kept = { kind, version, machine: this.#machine(), factors, rates: { get, put } };
    try {
      await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
      await replaceFile(this.#path, `${JSON.stringify(kept)}\n`, 0o600);
    } catch (error) {
      this.#tell('written', error);
    }
  }

  /** Without it estimates are a little worse, and nothing else is. */
  #tell(what: string, error: unknown): void {
    const reason = errorText(error);
    this.#options.logger.info(`What dumps take on this node could not be ${what}`, { reason });
  }

  /** What was learned elsewhere, or of other code, is of no use. */
  #machine(): string {
    const models = cpus().map(({ model }) => model.trim());
    const { pluginVersion } = this.#options;
    return [pluginVersion, process.version, arch(), models[0] ?? '', models.length].join(' · ');
  }
}

/** Undefined when it is none of ours, or of another machine or version. */
function parsed(text: string, machine: string): Kept | undefined {
  const kept = fieldsOf(json(text));
  const isOurs = kept['kind'] === kind && kept['version'] === version;
  if (!isOurs || kept['machine'] !== machine) return undefined;
  const factors = new Map<string, number[]>();
  for (const [form, values] of Object.entries(fieldsOf(kept['factors']))) {
    if (!Array.isArray(values)) continue;
    const numbers = values.map(positive).filter((value) => value !== undefined);
    if (numbers.length > 0) factors.set(form, numbers.slice(-maxPacedDumps));
  }
  const rates = fieldsOf(kept['rates']);
  return { factors, rates: { get: positive(rates['get']), put: positive(rates['put']) } };
}

/** Undefined when it was cut off, or written by somebody else: it is learned anew. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}
