// Goal: an upgrade from the Go plugin keeps every sample. Method: a data directory that Prometheus'
// own storage engine left behind when it was killed, which is what the Go plugin leaves.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { testNeeding } from '../programs.ts';
import { eventually, PluginRun } from './plugin-fixture.ts';

const storageEngine = 'prometheus';
const prometheusTest = testNeeding({ programs: [storageEngine, 'promtool', 'tar'] });

let directory: string;
let exporter: Exporter;
let prometheus: ChildProcess | undefined;
let run: PluginRun | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upgrade-'));
  exporter = await startExporter({ profile: 'idle' });
});

afterEach(async () => {
  prometheus?.kill('SIGKILL');
  await run?.close();
  await exporter.close();
  await rm(directory, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Blocks, a WAL and memory-mapped chunks of a storage engine that was killed while it collected. */
async function makeOldData(data: string): Promise<void> {
  const address = `127.0.0.1:${String(await freePort())}`;
  const configuration = join(directory, 'prometheus.yml');
  const target = `127.0.0.1:${String(exporter.port)}`;
  await writeFile(
    configuration,
    `global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs: [{job_name: prometheus, static_configs: [{targets: ['${target}']}]}]\n`,
  );
  prometheus = spawn(
    storageEngine,
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
      '--no-storage.tsdb.wal-compression',
      '--storage.tsdb.min-block-duration=1s',
      '--storage.tsdb.max-block-duration=1s',
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  await eventually('some scrapes', () =>
    Promise.resolve(exporter.requests >= 15 ? true : undefined),
  );
  prometheus.kill('SIGKILL');
  await new Promise((resolve) => prometheus?.once('exit', resolve));
  // The Go plugin's lock; nobody holds it any more.
  await writeFile(join(data, 'lock'), '');
}

/** All samples as promtool prints them; it may repair what it reads, so it gets a copy. */
async function samplesOf(data: string): Promise<string[]> {
  const copy = await mkdtemp(join(directory, 'copy-'));
  await cp(data, copy, { recursive: true });
  const text = execFileSync('promtool', ['tsdb', 'dump', copy], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text.trim().split('\n');
}

prometheusTest('takes over the data of the Go plugin, to the last sample', async () => {
  const data = join(directory, 'mattermost-plugin-metrics/data');
  await mkdir(data, { recursive: true });
  await makeOldData(data);
  const old = await samplesOf(data);
  expect(old.length).toBeGreaterThan(5_000);

  run = await PluginRun.create({ port: exporter.port, root: directory });
  await run.activate();
  await run.target('prometheus', ({ state }) => state === 'up');
  const dump = await run.dump();
  expect(dump).toMatchObject({ state: 'ready', warnings: [] });
  await writeFile(join(directory, 'dump.tar.gz'), await run.archive(dump.id));
  await mkdir(join(directory, 'dump'));
  execFileSync('tar', ['xzf', '../dump.tar.gz'], { cwd: join(directory, 'dump') });
  const samples = new Set(await samplesOf(join(directory, 'dump')));
  expect(old.filter((sample) => !samples.has(sample))).toEqual([]);
  expect(samples.size).toBeGreaterThan(old.length);
});
