import { readFile } from 'node:fs/promises';

/** One figure of `dist/bench.json`. */
export interface Measure {
  name: string;
  unit: string;
  /** Median of ours. */
  ours: number;
  /** Median of the peer's, on the same input in the same run; null where there is none. */
  peer: number | null;
  peerName: string | null;
  /** What was asked for: a figure in `unit`, or a ratio to the peer where it is one. */
  goal: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('no values');
  if (sorted.length % 2 === 1) return upper;
  return (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Private memory of a process in MB (10^6 bytes): what is not backed by files. */
export async function privateMemoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} has no RssAnon`);
  return (Number(kibibytes) * 1024) / 1e6;
}

export const rounded = (value: number): number => Number(value.toPrecision(4));

/** Measures whose goal is a ratio to the peer. */
const relative: ReadonlySet<string> = new Set([
  'scrape-cpu',
  'memory-58k-series',
  'bytes-per-sample',
  'bridge-latency',
  'bridge-throughput',
  'bridge-kv',
  'dump-24h',
  'dump-bytes',
]);
/** Measures of which more is better. */
const rates: ReadonlySet<string> = new Set(['wal-replay', 'bridge-throughput']);

/** Estimates beside what came out, of which one is best: the goal is how far off they may be. */
const accuracies: ReadonlySet<string> = new Set([
  'estimate-bytes',
  'estimate-samples',
  'estimate-seconds',
]);

function isMet({ name, ours, peer, goal }: Measure): boolean {
  if (accuracies.has(name)) return Math.abs(ours - 1) <= goal;
  const limit = relative.has(name) ? goal * (peer ?? NaN) : goal;
  return rates.has(name) ? ours >= limit : ours <= limit;
}

function goalText({ name, goal }: Measure): string {
  if (accuracies.has(name)) return `1 ± ${goal}`;
  return `${rates.has(name) ? '≥' : '≤'} ${goal}${relative.has(name) ? ' × peer' : ''}`;
}

/** A table for people; `ok` says whether the goal is met. */
export function table(measures: readonly Measure[]): string {
  const rows = [
    ['name', 'unit', 'ours', 'peer', 'goal', ''],
    ...measures.map((measure) => [
      measure.name,
      measure.unit,
      String(measure.ours),
      measure.peer === null ? '-' : `${measure.peer} (${String(measure.peerName)})`,
      goalText(measure),
      isMet(measure) ? 'ok' : 'MISSED',
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}
