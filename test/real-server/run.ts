// `make real-server`: the built bundle in Mattermost's Team Edition, built from its Go module, over a
// PostgreSQL of its own. The first build takes minutes; nothing of it leaves this machine.
// usage: run.ts BUNDLE
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from '../../build/command.ts';
import { Checks } from '../conformance/checks.ts';
import { startPostgres } from '../conformance/postgres.ts';
import { freePort } from '../conformance/processes.ts';
import { RecordingExporter } from '../conformance/recording-exporter.ts';
import { checkAccess } from './check-access.ts';
import { checkCollecting } from './check-collecting.ts';
import { checkDelegation } from './check-delegation.ts';
import { checkDeploy } from './check-deploy.ts';
import { checkLife, checkLog } from './check-life.ts';
import { checkPlaces } from './check-places.ts';
import { checkSaves } from './check-saves.ts';
import { checkUpgrade } from './check-upgrade.ts';
import { RealServer, type RealServerOptions } from './real-server.ts';
import { buildServer } from './server-build.ts';
import { makeAccounts, type Site } from './site.ts';

const bundle = process.argv[2];
if (bundle === undefined) throw new Error('usage: run.ts BUNDLE');
const { id } = JSON.parse(await readFile(`${root}plugin.json`, 'utf8')) as { id: string };
const directory = await mkdtemp(join(tmpdir(), 'metrics-real-server-'));
const checks = new Checks();

console.log('# building the Mattermost server, which takes minutes the first time');
const startedMs = performance.now();
const build = await buildServer();
console.log(`# built in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);

const exporter = new RecordingExporter(Date.now() % 2 ** 31, 300);
const exporterPort = await exporter.start();
const postgres = await startPostgres(`${directory}/postgres.log`);
const options: RealServerOptions = {
  build,
  directory: `${directory}/server`,
  ports: { site: await freePort(), metrics: await freePort() },
  database: postgres.source(),
};
const server = await RealServer.start(options);
const site: Site = {
  ...{ checks, directory, bundle: resolve(bundle), pluginId: id, options, server },
  ...{ exporter, exporterPort },
  ...(await makeAccounts(server)),
};
try {
  await checkDeploy.install(site);
  await checkDeploy.refuse(site);
  await checkCollecting(site);
  await checkAccess(site);
  await checkDelegation(site);
  await checkSaves(site);
  await checkDeploy.upgrade(site);
  await checkUpgrade(site, postgres);
  await checkLife(site);
  await checkPlaces(site);
  await checkDeploy.remove(site);
  await checkLog(site);
} catch (error) {
  await checks.check('the run reaches its end', () => Promise.reject(error as Error));
} finally {
  await site.server.stop();
  await Promise.all([postgres.stop(), exporter.stop()]);
}

if (checks.failed === 0) await rm(directory, { recursive: true, force: true });
else console.log(`logs and data stay in ${directory}`);
console.log(checks.summary());
process.exitCode = checks.failed === 0 ? 0 : 1;
