import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../../api/index.ts';
import { FakeClock, silentLogger, systemRng } from '../../lib/runtime/index.ts';
import { inlineThread, Store } from '../../lib/tsdb/index.ts';
import { parseSettings } from '../settings/index.ts';
import { FakeFetcher, FakeLedgerFile, nodeTarget, serverTarget } from './collector-fixture.ts';
import { Collector } from './collector.ts';
import { GapLedger } from './gaps/gap-ledger.ts';
import { tickToleranceMs } from './limits.ts';
import { MetadataBook } from './metadata/metric-metadata.ts';

/**
 * Collects from an exporter whose names differ each scrape, from a sound one, and from some that answer with the
 * longest comments that are allowed, for hours of injected time over a real store. Arguments: hours, names per
 * scrape, exporters of comments. Prints a report as JSON.
 */
const [hours = 1, names = 500, commenting = 0] = process.argv.slice(2).map(Number);

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
const firstCommentPort = 20_000;
const comments = Buffer.from(
  `# ${'nothing to see here '.repeat(8)}\n`.repeat(commenting > 0 ? 190_000 : 0),
);
let scrape = 0;
fetcher.generate = (port) => {
  if (port === nodeTarget.port) return 'steady 1\n';
  if (port >= firstCommentPort) return comments;
  const prefix = `n${String(scrape++)}_`;
  let body = '';
  for (let at = 0; at < names; at++) body += `${prefix}${String(at)}{l="v"} 1\n`;
  return body;
};
const collector = new Collector({ clock, logger, store, ledger, metadata, fetcher });
const baseMb = privateMb();
let peakMb = baseMb;
const { settings } = parseSettings({});
const commentTargets = Array.from({ length: commenting }, (_, at) => {
  const port = firstCommentPort + at;
  return { ...serverTarget, job: 'comments', port, instance: `c${String(port)}` };
});
const targets = [serverTarget, nodeTarget, ...commentTargets];
collector.start({ targets, problems: [] }, settings);
const rounds = hours * 240;
const stepsPerRound = 50;
for (let step = 0; step < rounds * stepsPerRound; step++) {
  await clock.advance(settings.scrapeIntervalMs / stepsPerRound);
  // Real writes and turns of the event loop have to keep up with the time that passes.
  while (collector.settledMs() < clock.nowMs() - tickToleranceMs) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(0);
  }
  peakMb = Math.max(peakMb, privateMb());
}

/** How the sound exporter fared. */
function soundOf(all: readonly Target[]) {
  const { state, gaps } = all.find(({ job }) => job === nodeTarget.job)!;
  return { state, missed: gaps.reduce((sum, { missedScrapes }) => sum + missedScrapes, 0) };
}

const report = {
  baseMb,
  peakMb,
  series: store.seriesCount,
  up: collector.summary().up,
  failures: collector.summary().failures,
  sound: soundOf(collector.targets()),
  problems: collector.problems().map(({ code }) => code),
};
await collector.stop();
await Promise.all([ledger.close(), metadata.close()]);
await store.close();
rmSync(dir, { recursive: true });
process.stdout.write(JSON.stringify(report));
