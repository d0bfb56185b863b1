// `make bench`: prints a table and writes dist/bench.json. usage: bench.ts [measure ...]
import { mkdir, writeFile } from 'node:fs/promises';
import { errorText } from '../lib/runtime/index.ts';
import { buildGoHost } from '../test/conformance/go-host.ts';
import { measureBridge, measureBridgeMemory } from '../test/bench/bridge.ts';
import { DayDump } from '../test/bench/day-dump.ts';
import { measureDemoProfile } from '../test/bench/demo-profile.ts';
import { measureBundle, measureHandshake } from '../test/bench/executable.ts';
import { buildGoLibrary } from '../test/bench/go-peer.ts';
import { runGroups, type Group } from '../test/bench/groups.ts';
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

const storeNames = [
  'ingest-per-sample',
  'churn',
  'bytes-per-sample',
  'block-cut',
  'block-cut-slice',
  'block-merge',
  'wal-replay',
];
const bridgeNames = ['bridge-latency', 'bridge-throughput', 'bridge-kv'];
const bridgeMemoryNames = ['memory-idle', 'bridge-growth'];
const dayNames = [
  'dump-24h',
  'dump-bytes',
  'dump-memory',
  'dump-slice',
  'estimate-bytes',
  'estimate-samples',
  'estimate-seconds',
  'support-packet',
  'support-packet-bytes',
];

const day = new DayDump();

/** Makes what later groups need. */
const making = (title: string, names: readonly string[], make: () => Promise<unknown>): Group => ({
  ...{ title, names },
  run: async () => {
    await make();
    return [];
  },
});

/** Two minutes in which the demo only collects: enough for all of these. */
const besideDemo: Group[] = [
  making('building the Go library', storeNames, buildGoLibrary),
  making('building the Go host', [...bridgeNames, ...bridgeMemoryNames], buildGoHost),
  making('writing the store of a day', dayNames, () => day.prepare()),
  {
    title: 'memory of series',
    names: ['bytes-per-series'],
    run: async () => [await measureSeriesMemory()],
  },
  {
    title: 'memory of the bridge',
    names: bridgeMemoryNames,
    run: measureBridgeMemory,
    beside: [
      {
        title: 'memory over a week',
        names: ['memory-slope'],
        run: async () => [await measureWeek()],
      },
      {
        title: 'memory of an upload',
        names: ['upload-memory'],
        run: async () => [await measureUploadMemory()],
      },
    ],
  },
];

const groups: Group[] = [
  { title: 'handshake', names: ['handshake'], run: async () => [await measureHandshake()] },
  { title: 'bundle', names: ['bundle'], run: async () => [await measureBundle()] },
  {
    title: 'demo',
    names: ['first-sample', 'memory-demo', 'slice-demo'],
    run: measureDemoProfile,
    beside: besideDemo,
  },
  {
    title: 'ten targets',
    names: ['scrape-cpu', 'memory-58k-series', 'slice'],
    run: measureManyTargets,
  },
  { title: 'first scrape', names: ['first-scrape', 'first-scrape-slice'], run: measureFirstScrape },
  {
    title: 'a hundred targets',
    names: ['scale-100-targets'],
    run: async () => [await measureScale()],
  },
  { title: 'store', names: storeNames, run: measureStore },
  { title: 'bridge', names: bridgeNames, run: measureBridge },
  { title: 'dumps of a day', names: dayNames, run: () => day.measure() },
];

let measures: readonly Measure[] = [];
await mkdir(`${root}dist`, { recursive: true });
await runGroups(groups, process.argv.slice(2), {
  onFailure: ({ title }, error) => {
    process.exitCode = 1;
    console.log(`# ${title}: ${errorText(error)}`);
  },
  onMeasures: async (soFar) => {
    measures = soFar;
    await writeFile(`${root}dist/bench.json`, `${JSON.stringify(measures, null, 2)}\n`);
  },
  say: console.log,
});
console.log(table(measures));
