import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { silentLogger, systemClock, systemRng } from '../../lib/runtime/index.ts';
import { inlineThread, Store } from '../../lib/tsdb/index.ts';
import { parseSettings } from '../settings/index.ts';
import { FakeLedgerFile } from './collector-fixture.ts';
import { Collector } from './collector.ts';
import { ScrapeClient } from './fetch/scrape-http.ts';
import { GapLedger } from './gaps/gap-ledger.ts';
import { MetadataBook } from './metadata/metric-metadata.ts';
import type { ScrapeTarget } from './target.ts';

/** What the collector was told to do, as JSON in the first argument. */
export interface HostileRun {
  soundPort: number;
  sickPort: number;
  /** Paths of exporters that misbehave. */
  sick: string[];
  intervalSeconds: number;
  seconds: number;
}

/** What it prints at the end. */
export interface HostileReport {
  cpuSeconds: number;
  baseMb: number;
  peakMb: number;
  targets: { path: string; state: string; code: string | null; missed: string[] }[];
  problems: string[];
  series: number;
}

/** Private memory of this process in megabytes. */
function privateMb(): number {
  const [, kilobytes = '0'] =
    /RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) / 1000;
}

const run = JSON.parse(process.argv[2] ?? '{}') as HostileRun;
const dir = mkdtempSync(join(tmpdir(), 'metrics-hostile-'));
const clock = systemClock;
const logger = silentLogger;
const store = await Store.open({ dir, clock, rng: systemRng, thread: inlineThread() });
const ledger = await GapLedger.open({ file: new FakeLedgerFile(), clock });
const metadata = await MetadataBook.open({ file: new FakeLedgerFile(), clock, logger });
const client = new ScrapeClient({
  clock,
  version: '0',
  resolveName: (host) =>
    host === 'hung.invalid' ? new Promise(() => undefined) : lookup(host, { all: true }),
});
const collector = new Collector({ clock, logger, store, ledger, metadata, fetcher: client });
const { settings } = parseSettings({ ScrapeIntervalSeconds: run.intervalSeconds });

function targetOf(path: string): ScrapeTarget {
  const host = path === '/hung' ? 'hung.invalid' : '127.0.0.1';
  const port = path === '/sound' ? run.soundPort : run.sickPort;
  return { job: 'test', instance: path, host, port, path, isOptional: false };
}

const sound = targetOf('/sound');
collector.start({ targets: [sound], problems: [] }, settings);
await pause(500);
const baseMb = privateMb();
let peakMb = 0;
collector.applyTargets({ targets: [sound, ...run.sick.map(targetOf)], problems: [] });
const endMs = clock.monotonicMs() + run.seconds * 1000;
while (clock.monotonicMs() < endMs) {
  peakMb = Math.max(peakMb, privateMb());
  await pause(20);
}
const report: HostileReport = {
  cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  baseMb,
  peakMb,
  targets: collector.targets().map(({ instance, state, lastError, gaps }) => ({
    path: instance,
    state,
    code: lastError?.code ?? null,
    missed: gaps.map(({ reason, missedScrapes }) => `${reason} ${String(missedScrapes)}`),
  })),
  problems: collector.problems().map(({ code, message }) => `${code} ${message}`),
  series: store.seriesCount,
};
await collector.stop();
client.close();
await Promise.all([ledger.close(), metadata.close()]);
await store.close();
rmSync(dir, { recursive: true });
process.stdout.write(JSON.stringify(report));
// A look-up that never ends would keep the process.
process.exit(0);
