import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import type { ApiError, Cardinality, Dump, Status, TargetList } from '../api/index.ts';
import { silentLogger, sleep, systemClock, systemRng } from '../lib/runtime/index.ts';
import { PatientClock } from '../lib/runtime/patient-clock-fixture.ts';
import { startExporter, type Exporter } from '../test/host/exporter.ts';
import { KvStore } from '../test/host/kv-store.ts';
import { FakeDatabase } from './mattermost/fake-database-fixture.ts';
import type { AuditRecord, PluginApi, ServerConfig, SupportFile } from './mattermost/index.ts';
import { MetricsPlugin } from './plugin.ts';
import { pluginId } from './plugin-id.ts';

/** How long a step of these tests may take before it counts as hanging. */
const patienceMs = 120_000;

jest.setTimeout(3 * patienceMs);

let root: string;
/** A scrape has its second, however busy the machine is. */
let clock: PatientClock;
let exporter: Exporter;
let settings: Record<string, unknown>;
let config: ServerConfig;
let servers: Server[];
let plugins: MetricsPlugin[];
let failures: Error[];
let kv: KvStore;
let audited: AuditRecord[];
let told: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'metrics-plugin-'));
  exporter = await startExporter({ profile: 'idle', seed: 1, recordBodies: 100 });
  clock = new PatientClock();
  settings = { scrapeintervalseconds: 1, enablenodeexportertargets: false };
  config = {
    metrics: { enable: true, listenAddress: `:${String(exporter.port)}` },
    file: { driverName: 'local', directory: './files/' },
    service: { siteUrl: 'https://chat.example.com' },
    cluster: { enable: false, clusterName: '', overrideHostname: '' },
    plugins: { enabled: [], rtcdUrl: '', areMetricsAggregated: false },
    sql: { driverName: 'postgres' },
  };
  plugins = [];
  servers = [];
  failures = [];
  audited = [];
  told = [];
  kv = new KvStore(clock);
});

afterEach(async () => {
  for (const plugin of plugins) await plugin.onDeactivate();
  await clock.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await exporter.close();
  await rm(root, { recursive: true });
  expect(failures).toEqual([]);
});

/** The server's API as far as these tests need it; the real one is met in the conformance run. */
function api(): PluginApi {
  const answers: Partial<PluginApi> = {
    loadPluginConfiguration: async () => settings,
    getUnsanitizedConfig: async () => config,
    getServerVersion: async () => '11.0.0',
    getDiagnosticId: async () => 'd'.repeat(26),
    getBundlePath: async () => join(root, 'bundle'),
    getLicense: async () => undefined,
    hasPermissionTo: async (userId, permission) =>
      userId === 'admin' && permission === 'manage_system',
    kvGet: async (key) => kv.get(key),
    kvCompareAndSet: async (key, oldValue, newValue) =>
      kv.set(key, newValue, { isAtomic: true, oldValue }),
    kvDelete: async (key) => {
      kv.set(key, undefined);
    },
    logAuditRecord: async (record) => {
      audited.push(record);
    },
    kvList: async (page, perPage) => kv.list(page, perPage),
    publishWebSocketEvent: async (event, payload, broadcast) => {
      told.push(JSON.stringify([event, payload, broadcast]));
    },
  };
  return answers as PluginApi;
}

async function activate(): Promise<MetricsPlugin> {
  await mkdir(join(root, 'bundle'), { recursive: true });
  const plugin = new MetricsPlugin({
    clock,
    rng: systemRng,
    pluginId,
    pluginVersion: '0.8.0',
    workerEntry: { kind: 'file', path: new URL('./worker.ts', import.meta.url) },
    hostName: 'node-a',
    workingDirectory: root,
    measureSlices: false,
    fail: (error) => failures.push(error),
  });
  const host = { api: api(), database: new FakeDatabase(), logger: silentLogger };
  await plugin.onConfigurationChange(host);
  await plugin.onActivate(host);
  plugins.push(plugin);
  return plugin;
}

async function reconfigure(plugin: MetricsPlugin): Promise<void> {
  const host = { api: api(), database: new FakeDatabase(), logger: silentLogger };
  await plugin.onConfigurationChange(host);
}

/** Serves the plugin's HTTP on loopback and returns a client for an administrator. */
async function serve(plugin: MetricsPlugin) {
  const server = createServer((request, response) => {
    plugin.requestListener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const headers = { 'Mattermost-User-Id': 'admin' };
  const request = (path: string, options: RequestInit = {}) =>
    fetch(`${base}/api/v1/${path}`, { ...options, headers });
  const get = async <Answer>(path: string) => (await (await request(path)).json()) as Answer;
  return { request, get };
}

/** Asks until the answer is as wanted. */
async function until<Value>(ask: () => Promise<Value>, isWanted: (value: Value) => boolean) {
  const deadlineMs = systemClock.monotonicMs() + patienceMs;
  for (;;) {
    const value = await ask();
    if (isWanted(value)) return value;
    if (systemClock.monotonicMs() > deadlineMs) {
      throw new Error(`still ${JSON.stringify(value)}`);
    }
    // Asking without a pause would keep the plugin in this very process from its work.
    await sleep(clock, 10);
  }
}

test('collects at once and dumps everything up to now', async () => {
  const plugin = await activate();
  const { request, get } = await serve(plugin);
  const status = await until(
    () => get<Status>('status'),
    ({ newestSampleMs }) => newestSampleMs !== null,
  );
  expect(status).toMatchObject({ mode: 'both', collector: { node: 'node-a' }, problems: [] });
  await until(
    () => get<TargetList>('targets'),
    ({ targets }) => targets[0]?.state === 'up',
  );

  const { restartedAtMs } = await get<Status>('status');
  expect(restartedAtMs).toBeLessThanOrEqual(systemClock.nowMs());

  const targets = await get<TargetList>('targets');
  const lastScrapeMs = targets.targets[0]?.lastScrapeMs ?? Infinity;
  const now = clock.nowMs();
  const created = await request('dumps', {
    method: 'POST',
    body: JSON.stringify({ from: now - 3_600_000, to: now + 1 }),
  });
  expect(created.status).toBe(201);
  const { id } = (await created.json()) as Dump;
  const dump = await until(
    () => get<Dump>(`dumps/${id}`),
    ({ state }) => state !== 'queued' && state !== 'running',
  );
  expect(dump).toMatchObject({ state: 'ready', error: null, warnings: [] });
  expect(dump.actual?.toMs).toBeGreaterThanOrEqual(lastScrapeMs);

  const archive = Buffer.from(await (await request(`dumps/${id}/archive`)).arrayBuffer());
  expect(archive.length).toBe(dump.sizeBytes);
  expect(gunzipSync(archive).length).toBeGreaterThan(archive.length);
  await writeFile(join(root, 'dump.tar.gz'), archive);
  await mkdir(join(root, 'dump'));
  execFileSync('tar', ['xzf', '../dump.tar.gz'], { cwd: join(root, 'dump') });
  expect((await readdir(join(root, 'dump'))).sort()).toEqual([
    expect.stringMatching(/^[0-9A-Z]{26}$/),
    'README.md',
    'docker-compose.yml',
    'manifest.json',
    'metadata.yaml',
    'viewer',
    'wal',
  ]);
  const manifest = await readFile(join(root, 'dump', 'manifest.json'), 'utf8');
  const { metadata } = JSON.parse(manifest) as { metadata: Record<string, unknown> };
  expect(metadata).toMatchObject({ go_goroutines: [{ type: 'gauge', unit: '' }] });
});

test('tells what its series are made of, and drops what it is told to', async () => {
  const plugin = await activate();
  const { get } = await serve(plugin);
  await until(
    () => get<Status>('status'),
    ({ newestSampleMs }) => newestSampleMs !== null,
  );
  const before = await get<Cardinality>('cardinality');
  expect(before).toMatchObject({ maxSeries: 500_000, targets: [{ cutOffs: [] }] });
  expect(before.metrics[0]).toMatchObject({ name: 'mattermost_db_store_time_bucket' });
  expect(before.labels[0]).toMatchObject({ name: '__name__', series: before.series });
  settings = { ...settings, DropRules: 'go_*' };
  await reconfigure(plugin);
  const { targets } = await until(
    () => get<TargetList>('targets'),
    ({ targets: [target] }) => (target?.lastDropped ?? 0) > 0,
  );
  expect(targets[0]).toMatchObject({ state: 'up', rejected: { outOfOrder: 0, duplicates: 0 } });
});

test('goes on with what it had after a restart, in the same place', async () => {
  const first = await activate();
  const one = await serve(first);
  await until(
    () => one.get<Status>('status'),
    ({ newestSampleMs }) => newestSampleMs !== null,
  );
  await first.onDeactivate();
  expect((await one.get<Status>('status')).state).toBe('stopped');
  const second = await activate();
  const two = await serve(second);
  const status = await until(
    () => two.get<Status>('status'),
    ({ state }) => state === 'collecting',
  );
  expect(status.oldestSampleMs).toBeLessThan(status.collector.sinceMs);
});

test('tells when another process holds the data directory, and goes on when it is free', async () => {
  const first = await activate();
  const { get: getFirst } = await serve(first);
  await until(
    () => getFirst<Status>('status'),
    ({ state }) => state === 'collecting',
  );
  const second = await activate();
  const { get, request } = await serve(second);
  const held = await until(
    () => get<Status>('status'),
    ({ problems }) => problems.length > 0,
  );
  expect(held).toMatchObject({ state: 'stopped', problems: [{ code: 'TSDB_LOCKED' }] });
  const refused = await request('dumps');
  expect([refused.status, ((await refused.json()) as ApiError).code]).toEqual([
    503,
    'DUMP_STOPPED',
  ]);
  const packet = await second.generateSupportData();
  expect(packet.map(({ filename }) => filename)).toEqual([
    'mattermost-plugin-metrics/why-no-metrics.txt',
    'mattermost-plugin-metrics/diagnostics.yaml',
  ]);
  expect(diagnosticsOf(packet)).toMatchObject({
    dump: { failure: { code: 'TSDB_LOCKED' } },
    problems: [{ code: 'TSDB_LOCKED' }],
    log: expect.arrayContaining([expect.objectContaining({ level: 'error', code: 'TSDB_LOCKED' })]),
  });
  await first.onDeactivate();
  await until(
    () => get<Status>('status'),
    ({ state }) => state === 'collecting',
  );
});

test('moves the store and obeys a new interval when they are saved', async () => {
  const plugin = await activate();
  const { get } = await serve(plugin);
  await until(
    () => get<Status>('status'),
    ({ state }) => state === 'collecting',
  );
  settings = { ...settings, dbpath: 'elsewhere', scrapeintervalseconds: 2 };
  await reconfigure(plugin);
  const status = await until(
    () => get<Status>('status'),
    ({ store }) => store.path === join(root, 'elsewhere'),
  );
  expect(status.scrapeIntervalSeconds).toBe(2);
  expect(await plugin.configurationWillBeSaved({ ScrapeIntervalSeconds: 0 })).toMatch(/must be/);
  expect(await plugin.configurationWillBeSaved(settings)).toBeUndefined();
  expect(await plugin.configurationWillBeSaved(undefined)).toBeUndefined();
});

test('tells browsers of administrators what has changed, and nothing after its end', async () => {
  const event = (what: string) => JSON.stringify(['changed', { what }, { isForAdmins: true }]);
  const toldOf = (what: string) => told.filter((each) => each === event(what)).length;
  const plugin = await activate();
  const { request, get } = await serve(plugin);
  await until(
    () => get<Status>('status'),
    ({ state }) => state === 'collecting',
  );
  // The end of the first scrape is news, and so is a problem that comes up.
  const before = toldOf('status');
  config.metrics.enable = false;
  await reconfigure(plugin);
  await until(
    () => Promise.resolve(toldOf('status')),
    (count) => count > before,
  );
  const now = clock.nowMs();
  const body = JSON.stringify({ from: now - 3_600_000, to: now + 1 });
  const { id } = (await (await request('dumps', { method: 'POST', body })).json()) as Dump;
  await until(
    () => get<Dump>(`dumps/${id}`),
    ({ state }) => state === 'ready',
  );
  const sofar = toldOf('dumps');
  expect(sofar).toBeGreaterThan(0);
  expect((await request(`dumps/${id}`, { method: 'DELETE' })).status).toBe(204);
  await until(
    () => Promise.resolve(toldOf('dumps')),
    (count) => count > sofar,
  );
  await plugin.onDeactivate();
  const { length } = told;
  await reconfigure(plugin);
  // No timer is left that could say more (change-events.test.ts).
  expect(told).toHaveLength(length);
  expect(new Set(told)).toEqual(new Set([event('status'), event('dumps')]));
});

test('says what keeps it from collecting', async () => {
  config.metrics.enable = false;
  const plugin = await activate();
  const { get } = await serve(plugin);
  const off = await until(
    () => get<Status>('status'),
    ({ state }) => state === 'degraded',
  );
  expect(off.problems).toMatchObject([
    { code: 'METRICS_DISABLED', severity: 'error', link: expect.stringContaining('performance') },
  ]);
  config.metrics.enable = true;
  await reconfigure(plugin);
  await until(
    () => get<Status>('status'),
    ({ state }) => state === 'collecting',
  );
});

function diagnosticsOf(files: readonly SupportFile[]): unknown {
  return parse(new TextDecoder().decode(files.at(-1)?.body));
}

test('puts a fresh dump into a support packet', async () => {
  settings = { ...settings, CustomTargetSecrets: 'db bearer s3cr3t' };
  const plugin = await activate();
  const { get } = await serve(plugin);
  await until(
    () => get<Status>('status'),
    ({ newestSampleMs }) => newestSampleMs !== null,
  );
  const files = await plugin.generateSupportData();
  expect(diagnosticsOf(files)).not.toHaveProperty('dump.failure');
  expect(files.map(({ filename }) => filename)).toEqual([
    'mattermost-plugin-metrics/tsdb_dump.tar.gz',
    'mattermost-plugin-metrics/diagnostics.yaml',
  ]);
  expect(diagnosticsOf(files)).toMatchObject({
    plugin: { version: '0.8.0' },
    server: { version: '11.0.0', license: 'none' },
    node: { host: 'node-a', mode: 'both' },
    dump: { archive: { bytes: files[0]?.body.length, stepSeconds: 0 }, reductions: [] },
    // On a busy machine a scrape may come late at any time.
    targets: { total: 1, list: [{ job: 'prometheus' }] },
    gaps: { count: expect.any(Number) },
    settings: { values: { ScrapeIntervalSeconds: 1 }, secretsSet: ['CustomTargetSecrets'] },
  });
  const text = Buffer.from(files[1]?.body ?? []).toString();
  expect(text).toMatch(/^# What the Metrics plugin 0\.8\.0 on node-a knew of itself/);
  expect(text).not.toContain('s3cr3t');
  expect(gunzipSync(files[0]?.body ?? new Uint8Array()).includes('manifest.json')).toBe(true);
});

test('tells its own metrics, and what was changed to the audit log', async () => {
  const plugin = await activate();
  const server = createServer((request, response) => {
    plugin.metricsListener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/metrics`;
  const text = await until(
    async () => await (await fetch(url)).text(),
    (told) => /^mattermost_plugin_metrics_scrapes_total [1-9]/m.test(told),
  );
  expect(text).toMatch(/^mattermost_plugin_metrics_collecting 1$/m);
  expect(text).toMatch(/^mattermost_plugin_metrics_wal_bytes [1-9]/m);
  expect(text).toMatch(/^mattermost_plugin_metrics_head_series [1-9]/m);
  expect(text).not.toContain('lease');
  settings = { ...settings, retentiondurationdays: 9 };
  await reconfigure(plugin);
  await until(
    async () => audited.length,
    (count) => count > 0,
  );
  const parameters = { keys: 'RetentionDurationDays' };
  expect(audited).toMatchObject([{ event: 'changeMetricsSettings', isSuccess: true, parameters }]);
});
