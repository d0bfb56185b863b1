// `make bench`: prints a table and writes dist/bench.json. usage: bench.ts [measure ...]
import { mkdir, writeFile } from 'node:fs/promises';
import { measureBridge } from '../test/bench/bridge.ts';
import { measureDayDump } from '../test/bench/day-dump.ts';
import { measureDemoProfile } from '../test/bench/demo-profile.ts';
import { measureBundle, measureHandshake } from '../test/bench/executable.ts';
import { table, type Measure } from '../test/bench/measure.ts';
import { measureManyTargets } from '../test/bench/many-targets.ts';
import {
  measureFirstScrape,
  measureScale,
  measureSeriesMemory,
  measureStore,
  measureWeek,
} from '../test/bench/store-measures.ts';
import { measureUploadMemory } from '../test/bench/upload-memory.ts';
import { root } from './command.ts';

/** What is measured together, by the names of its measures. */
const groups: { names: string[]; run: () => Promise<Measure[]> }[] = [
  { names: ['handshake'], run: async () => [await measureHandshake()] },
  { names: ['bundle'], run: async () => [await measureBundle()] },
  { names: ['first-sample', 'memory-demo', 'slice-demo'], run: measureDemoProfile },
  { names: ['scrape-cpu', 'memory-58k-series', 'slice'], run: measureManyTargets },
  { names: ['first-scrape', 'first-scrape-slice'], run: measureFirstScrape },
  { names: ['scale-100-targets'], run: async () => [await measureScale()] },
  { names: ['bytes-per-series'], run: async () => [await measureSeriesMemory()] },
  {
    names: [
      'ingest-per-sample',
      'churn',
      'bytes-per-sample',
      'block-cut',
      'block-cut-slice',
      'block-merge',
      'wal-replay',
    ],
    run: measureStore,
  },
  {
    names: ['bridge-latency', 'bridge-throughput', 'bridge-kv', 'memory-idle', 'bridge-growth'],
    run: measureBridge,
  },
  { names: ['upload-memory'], run: async () => [await measureUploadMemory()] },
  {
    names: [
      'dump-24h',
      'dump-bytes',
      'dump-memory',
      'dump-slice',
      'estimate-bytes',
      'estimate-samples',
      'estimate-seconds',
      'support-packet',
      'support-packet-bytes',
    ],
    run: measureDayDump,
  },
  { names: ['memory-slope'], run: async () => [await measureWeek()] },
];

const wanted = process.argv.slice(2);
const measures: Measure[] = [];
await mkdir(`${root}dist`, { recursive: true });
for (const { names, run } of groups) {
  if (wanted.length > 0 && !names.some((name) => wanted.includes(name))) continue;
  try {
    measures.push(...(await run()));
  } catch (error) {
    // The other groups stand for themselves.
    process.exitCode = 1;
    console.log(`# ${names.join(', ')}: ${error instanceof Error ? error.message : String(error)}`);
  }
  await writeFile(`${root}dist/bench.json`, `${JSON.stringify(measures, null, 2)}\n`);
}
console.log(table(measures));
