// Collector, store, ledger and worker as the plugin composes them, for any number of targets: the
// plugin itself collects from its own server and one node exporter only.
// usage: collector-child.ts DIRECTORY INTERVAL_MS PORT...
import { mkdir } from 'node:fs/promises';
import { SliceMonitor, silentLogger, systemClock, systemRng } from '../../lib/runtime/index.ts';
import { Store } from '../../lib/tsdb/index.ts';
import { Collector, GapLedger, ScrapeClient, ledgerFile } from '../../server/collect/index.ts';
import { report } from './child.ts';
import { collectSettings } from './fed-store.ts';
import { storeThread } from './store-thread.ts';

/** `watch` and `rest`: measure slices or not; `finish` ends collecting. All are answered. */
export type Question = 'status' | 'watch' | 'rest' | 'finish';

/** What the child says when it is asked. */
export interface CollectorStatus {
  scrapes: number;
  failures: number;
  headSeries: number;
  longestSliceMs: number;
}

const [directory = '', intervalMs = '1000', ...ports] = process.argv.slice(2);
const clock = systemClock;
const slices = new SliceMonitor(clock);
const thread = storeThread(clock);
const store = await Store.open({ dir: directory, clock, rng: systemRng, thread });
const collector = new Collector({
  clock,
  logger: silentLogger,
  store,
  ledger: await GapLedger.open({ file: ledgerFile(directory), clock }),
  fetcher: new ScrapeClient({ clock, version: 'bench' }),
});
const targets = ports.map((port) => ({
  job: 'bench',
  instance: `127.0.0.1:${port}`,
  host: '127.0.0.1',
  port: Number(port),
  path: '/metrics',
  isOptional: false,
}));
slices.start();
collector.start(
  { targets, problems: [] },
  {
    ...collectSettings,
    scrapeIntervalMs: Number(intervalMs),
    scrapeTimeoutMs: Number(intervalMs),
  },
);

/** Everything heavy that the main thread does beside scraping: a snapshot, the end, a replay. */
async function finish(): Promise<void> {
  const parentDir = `${directory}-snapshot`;
  await mkdir(parentDir);
  await store.snapshotHead({ parentDir });
  await collector.stop();
  await store.close();
  const again = await Store.open({ dir: directory, clock, rng: systemRng, thread });
  await again.close();
}

async function answer(question: Question): Promise<void> {
  if (question === 'watch') slices.start();
  if (question === 'rest') slices.stop();
  if (question === 'finish') await finish();
  const { scrapes, failures } = collector.summary();
  const { headSeries } = store.stats();
  report({
    scrapes,
    failures,
    headSeries,
    longestSliceMs: slices.longestMs,
  } satisfies CollectorStatus);
}

process.on('message', (question) => void answer(question as Question));
report({});
