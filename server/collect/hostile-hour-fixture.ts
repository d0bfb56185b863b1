import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, silentLogger, systemRng } from '../../lib/runtime/index.ts';
import { inlineThread, Store } from '../../lib/tsdb/index.ts';
import { parseSettings } from '../settings/index.ts';
import { FakeFetcher, FakeLedgerFile, nodeTarget, serverTarget } from './collector-fixture.ts';
import { Collector } from './collector.ts';
import { GapLedger } from './gaps/gap-ledger.ts';
import { MetadataBook } from './metadata/metric-metadata.ts';

/**
 * Collects from an exporter whose names differ each scrape, and from a sound one, for hours of
 * injected time over a real store. Arguments: hours, names per scrape. Prints a report as JSON.
 */
const [hours = 1, names = 500] = process.argv.slice(2).map(Number);

/** Private memory of this process in megabytes. */
function privateMb(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [, kilobytes = '0'] = /RssAnon:\s+(\d+)/.exec(status) ?? [];
  return Number(kilobytes) / 1000;
}

const dir = mkdtempSync(join(tmpdir(), 'metrics-hostile-'));
const clock = new FakeClock();
const logger = silentLogger;
const store = await Store.open({ dir, clock, rng: systemRng, thread: inlineThread() });
const ledger = await GapLedger.open({ file: new FakeLedgerFile(), clock });
const metadata = await MetadataBook.open({ file: new FakeLedgerFile(), clock, logger });
const fetcher = new FakeFetcher(clock);
let scrape = 0;
fetcher.generate = (port) => {
  if (port === nodeTarget.port) return 'steady 1\n';
  const prefix = `n${String(scrape++)}_`;
  let body = '';
  for (let at = 0; at < names; at++) body += `${prefix}${String(at)}{l="v"} 1\n`;
  return body;
};
const collector = new Collector({ clock, logger, store, ledger, metadata, fetcher });
const baseMb = privateMb();
let peakMb = baseMb;
const { settings } = parseSettings({});
collector.start({ targets: [serverTarget, nodeTarget], problems: [] }, settings);
const rounds = hours * 240;
for (let round = 0; round < rounds; round++) {
  await clock.advance(settings.scrapeIntervalMs);
  // Real writes and turns of the event loop have to keep up with the time that passes.
  while (collector.summary().scrapes < 2 * round) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(0);
  }
  peakMb = Math.max(peakMb, privateMb());
}
const report = {
  baseMb,
  peakMb,
  series: store.seriesCount,
  failures: collector.summary().failures,
  problems: collector.problems().map(({ code }) => code),
};
await collector.stop();
await Promise.all([ledger.close(), metadata.close()]);
await store.close();
rmSync(dir, { recursive: true });
process.stdout.write(JSON.stringify(report));
