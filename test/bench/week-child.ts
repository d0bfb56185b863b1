// A week of collecting, cutting, sharing and deleting with the clock injected; private memory is
// read every three hours of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { say } from '../../api/index.ts';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { FakeClock, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { Store } from '../../lib/tsdb/index.ts';
import {
  Collector,
  GapLedger,
  ledgerFile,
  type BodyFetcher,
  type ScrapeRequest,
} from '../../server/collect/index.ts';
import { ScrapeError } from '../../server/collect/errors.ts';
import { BlockCatalog, BlockSync } from '../../server/share/index.ts';
import { BodyMaker, type BodyShape } from './body-maker.ts';
import { report } from './child.ts';
import { collectSettings, startMs } from './fed-store.ts';
import { privateMemoryMb } from './measure.ts';
import { storeThread } from './store-thread.ts';

export interface WeekResult {
  /** Megabytes per day, least squares over days 3 to 7. */
  slope: number;
  readingsMb: number[];
  blocks: number;
}

const intervalMs = 300_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const readEveryMs = 3 * hourMs;

/** 316 series, of which one per scrape is new. */
const shape: BodyShape = { gauges: 10, counters: 110, apiSets: 6, storeSets: 8, churn: 0.004 };

/** Answers at once; every fourth hour the target is away for a quarter of an hour. */
class FlappingFetcher implements BodyFetcher {
  readonly #bodies = new BodyMaker(1, shape).many(300);
  #answers = 0;

  fetch({ into, bodyLimitBytes }: ScrapeRequest): Promise<void> {
    const scrape = this.#answers++ % 48;
    into.reset(bodyLimitBytes);
    if (scrape >= 45)
      return Promise.reject(new ScrapeError('SCRAPE_REFUSED', say('scrape.refused')));
    into.append(this.#bodies[this.#answers % this.#bodies.length]!);
    return Promise.resolve();
  }
}

const root = mkdtempSync(join(tmpdir(), 'metrics-bench-'));
const dir = join(root, 'data');
const clock = new FakeClock(startMs);
const rng = seededRng(1);
const settings = { ...collectSettings, scrapeIntervalMs: intervalMs };
const thread = storeThread(clock);
const store = await Store.open({ dir, clock, rng, thread });
const objects = new LocalStore(join(root, 'files'), { clock, rng });
const catalog = new BlockCatalog(objects);
const sync = new BlockSync({
  clock,
  logger: silentLogger,
  store: objects,
  catalog,
  local: store,
  driver: 'local',
  settings: () => ({
    retentionMs: 2 * dayMs,
    localSizeLimitBytes: 0,
    syncPeriodMs: hourMs,
    cleanupPeriodMs: hourMs,
  }),
  labels: () => ({ serverId: 'bench', cluster: 'single', scraper: 'bench' }),
  epoch: () => 0,
  pluginVersion: 'bench',
  freeBytes: () => Promise.resolve(1e12),
});
store.onBlockCut(() => {
  sync.wake();
});
const ledger = await GapLedger.open({ file: ledgerFile(dir), clock });
const fetcher = new FlappingFetcher();
const collector = new Collector({ clock, logger: silentLogger, store, ledger, fetcher });
const target = { job: 'bench', instance: 'app:8067', host: '127.0.0.1', port: 1, path: '/metrics' };
collector.start({ targets: [{ ...target, isOptional: false }], problems: [] }, settings);
sync.start();

/** Lets one interval pass and waits until its scrape is stored: disks do not know our clock. */
async function passInterval(): Promise<void> {
  const { newestSampleMs } = collector.summary();
  await clock.advance(intervalMs);
  while (collector.summary().newestSampleMs === newestSampleMs) await immediate();
  await immediate();
}

const readingsMb: number[] = [];
for (let passedMs = intervalMs; passedMs <= 7 * dayMs; passedMs += intervalMs) {
  await passInterval();
  if (passedMs % (hourMs / 4) === 0) await store.maintain();
  if (passedMs % readEveryMs !== 0) continue;
  await sync.syncNow();
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await immediate();
  }
  readingsMb.push(await privateMemoryMb(process.pid));
}
const blocks = catalog.blocks().length;
report({ slope: slope(readingsMb), readingsMb, blocks } satisfies WeekResult);
rmSync(root, { recursive: true, force: true });

/** Least squares over days 3 to 7. */
function slope(readings: readonly number[]): number {
  const points = readings
    .map((mb, i) => ({ day: ((i + 1) * readEveryMs) / dayMs, mb }))
    .filter(({ day }) => day >= 2);
  const mean = (pick: (point: { day: number; mb: number }) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const day = mean((point) => point.day);
  const mb = mean((point) => point.mb);
  const covariance = mean((point) => (point.day - day) * (point.mb - mb));
  return covariance / mean((point) => (point.day - day) ** 2);
}
