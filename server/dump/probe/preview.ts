import { randomBytes } from 'node:crypto';
import type { DumpPreview } from '../../../api/index.ts';
import { codeOf } from '../../../lib/runtime/index.ts';
import { openBlock, type BlockReader } from '../../../lib/tsdb/index.ts';
import { hostOf } from '../selection/index.ts';
import { maxPreviewValueChars, maxProbedBlocks, maxTriedValues } from '../limits.ts';
import { hostsOfLabel, Redactor } from '../redaction/index.ts';
import { inOrder } from './probe-order.ts';
import type { PreviewRequest } from './protocol.ts';
import { selectedSeries } from './selected-series.ts';
import { SeriesUnion } from './series-union.ts';

/** How often the clock is looked at, in series. */
const seriesPerLook = 4096;

/** What a dump of these sources would give away. */
export function preview(request: PreviewRequest, monotonicMs: () => number): DumpPreview {
  const tally = new Tally(request, monotonicMs);
  const sources = inOrder(request);
  for (const source of sources) {
    if (tally.isOver) break;
    tally.look(source.dir ?? '', source.kind === 'head-part');
  }
  return tally.answer(request.sources.filter(({ kind }) => kind !== 'head-part').length);
}

/** Counts over some blocks. */
class Tally {
  readonly #request: PreviewRequest;
  readonly #monotonicMs: () => number;
  readonly #untilMs: number;
  readonly #union = new SeriesUnion();
  /** Series by metric: the most that one block has. */
  readonly #metrics = new Map<string, number>();
  /** Values by label name. */
  readonly #values = new Map<string, Set<string>>();
  #blocks = 0;
  #isCut = false;

  constructor(request: PreviewRequest, monotonicMs: () => number) {
    this.#request = request;
    this.#monotonicMs = monotonicMs;
    this.#untilMs = monotonicMs() + request.budgetMs;
  }

  /** Whether no further block is to be looked at. */
  get isOver(): boolean {
    return this.#blocks >= maxProbedBlocks || (this.#blocks > 0 && this.#isLate);
  }

  get #isLate(): boolean {
    return this.#monotonicMs() > this.#untilMs;
  }

  look(dir: string, isWhole: boolean): void {
    try {
      const reader = openBlock(dir);
      try {
        const refs = selectedSeries(reader.index, this.#request.filter);
        this.#union.add(reader, refs);
        this.#count(reader, refs, isWhole);
        this.#blocks++;
      } finally {
        reader.close();
      }
    } catch (error) {
      // Deleted meanwhile, or damaged, which the dump will say.
      const code = codeOf(error) ?? '';
      if (code !== 'ENOENT' && !code.startsWith('TSDB_')) throw error;
    }
  }

  answer(blocks: number): DumpPreview {
    const { hosts: told, maxEntries, maxExamples } = this.#request;
    const metrics = [...this.#metrics].map(([name, series]) => ({ name, series }));
    const labels = [...this.#values].map(([name, values]) => ({
      name,
      values: values.size,
      examples: [...values].sort().slice(0, maxExamples).map(shortened),
    }));
    const inLabels = [...this.#values].flatMap(([name, values]) =>
      [...values].flatMap((value) => hostsOfLabel(name, value)),
    );
    const hosts = [...new Set([...inLabels, ...told].map((host) => hostOf(host)))].filter(Boolean);
    const jobs = [...(this.#values.get('job') ?? [])];
    const lists = [metrics, labels, hosts, jobs];
    return {
      series: Math.round(this.#union.total(Math.max(1, blocks))),
      metrics: metrics.sort((a, b) => b.series - a.series || order(a, b)).slice(0, maxEntries),
      labels: labels.sort((a, b) => b.values - a.values || order(a, b)).slice(0, maxEntries),
      hosts: hosts.sort().slice(0, maxEntries),
      jobs: jobs.sort().slice(0, maxEntries),
      redacted: this.#redacted(hosts),
      isCut: this.#isCut || lists.some((list) => list.length > maxEntries),
    };
  }

  #count({ index }: BlockReader, refs: Uint32Array, isWhole: boolean): void {
    const { fromMs, toMs } = this.#request;
    const symbols = index.symbols();
    const metrics = new Map<number, number>();
    const values = new Map<number, Set<number>>();
    const nameSymbol = symbols.indexOf('__name__');
    for (const [at, ref] of refs.entries()) {
      if (at % seriesPerLook === seriesPerLook - 1 && this.#blocks > 0 && this.#isLate) {
        this.#isCut = true;
        break;
      }
      const { chunks, symbols: pairs } = index.rawSeries(ref, symbols.length);
      if (!isWhole && !chunks.some(({ maxt, mint }) => mint < toMs && maxt >= fromMs)) continue;
      for (let pair = 0; pair < pairs.length; pair += 2) {
        const [name = 0, value = 0] = [pairs[pair], pairs[pair + 1]];
        if (name === nameSymbol) metrics.set(value, (metrics.get(value) ?? 0) + 1);
        else addTo(values, name, value);
      }
    }
    this.#take(symbols, metrics, values);
  }

  #take(
    symbols: readonly string[],
    metrics: ReadonlyMap<number, number>,
    values: ReadonlyMap<number, ReadonlySet<number>>,
  ): void {
    const textOf = (symbol: number) => symbols[symbol] ?? '';
    for (const [symbol, series] of metrics) {
      const name = textOf(symbol);
      this.#metrics.set(name, Math.max(series, this.#metrics.get(name) ?? 0));
    }
    for (const [name, found] of values) {
      for (const value of found) addTo(this.#values, textOf(name), textOf(value));
    }
  }

  /** What the redaction would replace: tried with a key of its own, for no value leaves here. */
  #redacted(hosts: readonly string[]): DumpPreview['redacted'] {
    if (!this.#request.isRedacted) return { hosts: false, labels: [] };
    const redactor = new Redactor(randomBytes(32));
    for (const host of hosts) redactor.learn(host);
    for (const id of this.#values.get('plugin_id') ?? []) redactor.learnPlugin(id);
    const labels = [...this.#values].flatMap(([name, values]) => {
      const tried = [...values].slice(0, maxTriedValues);
      return tried.some((value) => redactor.label(name, value) !== value) ? [name] : [];
    });
    const isHost = (host: string) => redactor.instance(host) !== host;
    return { hosts: hosts.some(isHost), labels: labels.sort() };
  }
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function order(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function shortened(text: string): string {
  return text.length > maxPreviewValueChars ? `${text.slice(0, maxPreviewValueChars - 1)}…` : text;
}
