// `make conformance`: the built bundle under Mattermost's own plugin supervisor, its targets real
// exporters, its dump read by promtool and a real Prometheus. usage: run.ts BUNDLE
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from '../../build/command.ts';
import { Checks } from './checks.ts';
import { checkCluster } from './check-cluster.ts';
import { checkDatabase } from './check-database.ts';
import { checkDifferential } from './check-differential.ts';
import { checkDriver } from './check-driver.ts';
import { buildGoPluginReader, checkDowngrade } from './check-downgrade.ts';
import { checkDump } from './check-dump.ts';
import { checkHello } from './check-hello.ts';
import { checkHttp } from './check-http.ts';
import { checkLife } from './check-life.ts';
import { checkAudit, checkOwnMetrics } from './check-own-metrics.ts';
import { checkObjectStore } from './check-objectstore.ts';
import { checkMerged, checkRedacted, type Merging } from './check-redacted.ts';
import { checkServedSamples } from './check-served-samples.ts';
import { checkThinning } from './check-thinning.ts';
import { checkViewer } from './check-viewer.ts';
import { checkVersions } from './check-versions.ts';
import { buildGoHost, GoHost } from './go-host.ts';
import { startNodeExporter, startPrometheus } from './prometheus.ts';
import type { Bed } from './bed.ts';

const bundle = process.argv[2];
if (bundle === undefined) throw new Error('usage: run.ts BUNDLE');
const { id } = JSON.parse(await readFile(`${root}plugin.json`, 'utf8')) as { id: string };
const directory = await mkdtemp(join(tmpdir(), 'metrics-conformance-'));
const checks = new Checks();

await buildGoHost();
// In the background: it is needed last, and a run that has ended by then says so itself.
const reader = buildGoPluginReader();
reader.catch(() => undefined);
const [target, exporter] = await Promise.all([
  startPrometheus(`${directory}/target`),
  startNodeExporter(directory),
]);
const host = await GoHost.start(`${directory}/server`, resolve(bundle), {
  ServiceSettings: { SiteURL: 'http://mattermost.example.com' },
  MetricsSettings: { Enable: true, ListenAddress: `127.0.0.1:${target.port}` },
  FileSettings: { DriverName: 'local', Directory: './data/' },
  PluginSettings: {
    Enable: true,
    Plugins: {
      [id]: {
        scrapeintervalseconds: 1,
        scrapetimeoutseconds: 1,
        enablenodeexportertargets: true,
        nodeexporterport: exporter.port,
      },
    },
  },
});
const bed: Bed = { checks, directory, host, target, intervalMs: 1000 };
let merging: Merging | undefined;

try {
  await checkLife.start(bed);
  await checkHttp(bed);
  await checkDump(bed);
  await checkThinning(bed);
  await checkOwnMetrics(bed);
  await checkAudit(bed);
  await checkServedSamples(bed);
  await checkViewer(bed);
  merging = await checkRedacted(bed);
  await checkDifferential(bed);
  await checkLife.crash(bed);
  await checkLife.end(bed, resolve(bundle));
  await checkHello(checks, directory);
  await checkVersions(checks, directory);
  await checkDatabase(checks, directory, resolve(bundle));
  await checkCluster(checks, directory, resolve(bundle));
  await checkDriver(checks, directory);
  await checkObjectStore(checks, directory, resolve(bundle), target);
  if (merging !== undefined) await checkMerged(bed, merging);
  await checkDowngrade({ checks, directory, host }, reader);
} catch (error) {
  // A step on which the rest depends; what it needed has been said.
  await checks.check('the run reaches its end', () => Promise.reject(error as Error));
} finally {
  await Promise.all([host.kill(), merging?.prometheus.stop()]);
  await Promise.all([target.stop(), exporter.daemon.stop()]);
}

if (checks.failed === 0) await rm(directory, { recursive: true, force: true });
else console.log(`logs and data stay in ${directory}`);
console.log(checks.summary());
process.exitCode = checks.failed === 0 ? 0 : 1;
