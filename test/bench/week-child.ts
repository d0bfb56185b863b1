// A week of collecting, cutting, sharing and deleting with the clock injected; private memory is
// read every three hours of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { say } from '../../api/index.ts';
import { LocalStore } from '../../lib/objectstore/index.ts';
import { FakeClock, seededRng, silentLogger, type Thread } from '../../lib/runtime/index.ts';
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
import { storeThread, threadIdleMs } from './store-thread.ts';

interface Reading {
  day: number;
  mb: number;
}

export interface WeekResult {
  /** Megabytes per day, least squares over days 3 to 7. */
  slope: number;
  readings: Reading[];
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
let worker: Thread | undefined;
const thread = storeThread(clock, (made) => {
  worker = made;
});
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

/**
 * Lets the store's worker end, as it does half a minute after its last call: it is there in most readings
 * or in few, as retention has it, and holds some ten megabytes meanwhile.
 */
async function rest(): Promise<void> {
  await clock.advance(threadIdleMs);
  await worker?.stop();
}

const readings: Reading[] = [];
for (let passedMs = intervalMs; passedMs <= 7 * dayMs; passedMs += intervalMs) {
  await passInterval();
  if (passedMs % (hourMs / 4) === 0) await store.maintain();
  if (passedMs % readEveryMs !== 0) continue;
  await sync.syncNow();
  await rest();
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await immediate();
  }
  const day = (clock.nowMs() - startMs) / dayMs;
  readings.push({ day, mb: await privateMemoryMb(process.pid) });
}
const blocks = catalog.blocks().length;
report({ slope: slope(readings), readings, blocks } satisfies WeekResult);
rmSync(root, { recursive: true, force: true });

/** Least squares over days 3 to 7. */
function slope(readings: readonly Reading[]): number {
  const points = readings.filter(({ day }) => day >= 2);
  const mean = (pick: (point: Reading) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const day = mean((point) => point.day);
  const mb = mean((point) => point.mb);
  const covariance = mean((point) => (point.day - day) * (point.mb - mb));
  return covariance / mean((point) => (point.day - day) ** 2);
}
