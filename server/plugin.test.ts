import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import type { ApiError, Cardinality, TargetList } from '../api/index.ts';
import { systemClock } from '../lib/runtime/index.ts';
import { startExporter, type Exporter } from '../test/host/exporter.ts';
import { PluginRun } from '../test/integration/plugin-fixture.ts';
import type { SupportFile } from './mattermost/index.ts';

/** Only what hangs reaches it. */
jest.setTimeout(360_000);

let exporter: Exporter;
let run: PluginRun;

beforeEach(async () => {
  exporter = await startExporter({ profile: 'idle', seed: 1, recordBodies: 100 });
  run = await PluginRun.create({ port: exporter.port });
});

afterEach(async () => {
  await run.close();
  await exporter.close();
});

test('collects at once and dumps everything up to now', async () => {
  await run.activate();
  const status = await run.statusWhen(({ newestSampleMs }) => newestSampleMs !== null);
  expect(status).toMatchObject({ mode: 'both', collector: { node: 'node-a' }, problems: [] });
  await run.target('prometheus', ({ state }) => state === 'up');

  const { restartedAtMs } = await run.status();
  expect(restartedAtMs).toBeLessThanOrEqual(systemClock.nowMs());

  const { targets } = await run.get<TargetList>('targets');
  const lastScrapeMs = targets[0]?.lastScrapeMs ?? Infinity;
  const dump = await run.dump();
  expect(dump).toMatchObject({ state: 'ready', error: null, warnings: [] });
  expect(dump.actual?.toMs).toBeGreaterThanOrEqual(lastScrapeMs);

  const archive = await run.archive(dump.id);
  expect(archive.length).toBe(dump.sizeBytes);
  expect(gunzipSync(archive).length).toBeGreaterThan(archive.length);
  const unpacked = join(run.root, 'dump');
  await writeFile(join(run.root, 'dump.tar.gz'), archive);
  await mkdir(unpacked);
  execFileSync('tar', ['xzf', '../dump.tar.gz'], { cwd: unpacked });
  expect((await readdir(unpacked)).sort()).toEqual([
    expect.stringMatching(/^[0-9A-Z]{26}$/),
    'README.md',
    'docker-compose.yml',
    'manifest.json',
    'metadata.yaml',
    'viewer',
    'wal',
  ]);
  const manifest = await readFile(join(unpacked, 'manifest.json'), 'utf8');
  const { metadata } = JSON.parse(manifest) as { metadata: Record<string, unknown> };
  expect(metadata).toMatchObject({ go_goroutines: [{ type: 'gauge', unit: '' }] });
});

test('tells what its series are made of, and drops what it is told to', async () => {
  await run.activate();
  await run.statusWhen(({ newestSampleMs }) => newestSampleMs !== null);
  const before = await run.get<Cardinality>('cardinality');
  expect(before).toMatchObject({ maxSeries: 500_000, targets: [{ cutOffs: [] }] });
  expect(before.metrics[0]).toMatchObject({ name: 'mattermost_db_store_time_bucket' });
  expect(before.labels[0]).toMatchObject({ name: '__name__', series: before.series });
  await run.reconfigure({ DropRules: 'go_*' });
  const target = await run.target('prometheus', ({ lastDropped }) => (lastDropped ?? 0) > 0);
  expect(target).toMatchObject({ state: 'up', rejected: { outOfOrder: 0, duplicates: 0 } });
});

test('goes on with what it had after a restart, in the same place', async () => {
  await run.activate();
  await run.statusWhen(({ newestSampleMs }) => newestSampleMs !== null);
  await run.plugin.onDeactivate();
  expect((await run.status()).state).toBe('stopped');
  await run.deactivate();
  await run.activate();
  const status = await run.statusWhen(({ state }) => state === 'collecting');
  expect(status.oldestSampleMs).toBeLessThan(status.collector.sinceMs);
});

test('tells when another process holds the data directory, and goes on when it is free', async () => {
  await run.activate();
  await run.statusWhen(({ state }) => state === 'collecting');
  const second = await PluginRun.create({ port: exporter.port, root: run.root });
  try {
    await second.activate();
    const held = await second.statusWhen(({ problems }) => problems.length > 0);
    expect(held).toMatchObject({ state: 'stopped', problems: [{ code: 'TSDB_LOCKED' }] });
    const refused = await second.request('dumps');
    expect([refused.status, ((await refused.json()) as ApiError).code]).toEqual([
      503,
      'DUMP_STOPPED',
    ]);
    const packet = await second.plugin.generateSupportData();
    expect(packet.map(({ filename }) => filename)).toEqual([
      'mattermost-plugin-metrics/why-no-metrics.txt',
      'mattermost-plugin-metrics/diagnostics.yaml',
    ]);
    const line = expect.objectContaining({ level: 'error', code: 'TSDB_LOCKED' });
    expect(diagnosticsOf(packet)).toMatchObject({
      dump: { failure: { code: 'TSDB_LOCKED' } },
      problems: [{ code: 'TSDB_LOCKED' }],
      log: expect.arrayContaining([line]),
    });
    await run.deactivate();
    await second.statusWhen(({ state }) => state === 'collecting');
  } finally {
    await second.close();
  }
});

test('moves the store and obeys a new interval when they are saved', async () => {
  await run.activate();
  await run.statusWhen(({ state }) => state === 'collecting');
  await run.reconfigure({ dbpath: 'elsewhere', scrapeintervalseconds: 2 });
  const elsewhere = join(run.root, 'elsewhere');
  const status = await run.statusWhen(({ store }) => store.path === elsewhere);
  expect(status.scrapeIntervalSeconds).toBe(2);
  const { plugin, settings } = run;
  expect(await plugin.configurationWillBeSaved({ ScrapeIntervalSeconds: 0 })).toMatch(/must be/);
  expect(await plugin.configurationWillBeSaved(settings)).toBeUndefined();
  expect(await plugin.configurationWillBeSaved(undefined)).toBeUndefined();
});

test('goes by the newest settings and tells each change once, however late answers come', async () => {
  await run.activate();
  let answer: (settings: Record<string, unknown>) => void = () => undefined;
  const older = run.hearOfSave(new Promise((resolve) => (answer = resolve)));
  const asLate = run.hearOfSave(Promise.resolve({ ...run.settings, scrapeintervalseconds: 3 }));
  await Promise.all([asLate, run.reconfigure({ scrapeintervalseconds: 3 })]);
  answer({ ...run.settings, scrapeintervalseconds: 2 });
  await older;
  expect((await run.status()).scrapeIntervalSeconds).toBe(3);
  await run.deactivate();
  expect(run.audited.map(({ parameters }) => parameters['keys'])).toEqual([
    'ScrapeIntervalSeconds',
  ]);
});

test('tells browsers of administrators what has changed, and nothing after its end', async () => {
  const event = (what: string) => JSON.stringify(['changed', { what }, { isForAdmins: true }]);
  const toldOf = (what: string) => run.told.filter((each) => each === event(what)).length;
  await run.activate();
  await run.statusWhen(({ state }) => state === 'collecting');
  // The end of the first scrape is news, and so is a problem that comes up.
  const before = toldOf('status');
  run.config.metrics.enable = false;
  await run.reconfigure();
  await run.until(
    () => toldOf('status'),
    (count) => count > before,
  );
  const { id, state } = await run.dump();
  expect(state).toBe('ready');
  const sofar = toldOf('dumps');
  expect(sofar).toBeGreaterThan(0);
  expect((await run.request(`dumps/${id}`, { method: 'DELETE' })).status).toBe(204);
  await run.until(
    () => toldOf('dumps'),
    (count) => count > sofar,
  );
  await run.plugin.onDeactivate();
  const { length } = run.told;
  await run.reconfigure();
  // No timer is left that could say more (change-events.test.ts).
  expect(run.told).toHaveLength(length);
  expect(new Set(run.told)).toEqual(new Set([event('status'), event('dumps')]));
});

test('says what keeps it from collecting', async () => {
  run.config.metrics.enable = false;
  await run.activate();
  const off = await run.statusWhen(({ state }) => state === 'degraded');
  expect(off.problems).toMatchObject([
    { code: 'METRICS_DISABLED', severity: 'error', link: expect.stringContaining('performance') },
  ]);
  run.config.metrics.enable = true;
  await run.reconfigure();
  await run.statusWhen(({ state }) => state === 'collecting');
});

function diagnosticsOf(files: readonly SupportFile[]): unknown {
  return parse(new TextDecoder().decode(files.at(-1)?.body));
}

test('puts a fresh dump into a support packet', async () => {
  run.settings['CustomTargetSecrets'] = 'db bearer s3cr3t';
  await run.activate();
  await run.statusWhen(({ newestSampleMs }) => newestSampleMs !== null);
  const files = await run.plugin.generateSupportData();
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

/** Serves the plugin's metrics on loopback, as the server's metrics port does. */
async function serveMetrics(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    run.plugin.metricsListener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${String(port)}/metrics` };
}

test('tells its own metrics, and what was changed to the audit log', async () => {
  await run.activate();
  const { server, url } = await serveMetrics();
  try {
    const text = await run.until(
      async () => await (await fetch(url)).text(),
      (told) => /^mattermost_plugin_metrics_scrapes_total [1-9]/m.test(told),
    );
    expect(text).toMatch(/^mattermost_plugin_metrics_collecting 1$/m);
    expect(text).toMatch(/^mattermost_plugin_metrics_wal_bytes [1-9]/m);
    expect(text).toMatch(/^mattermost_plugin_metrics_head_series [1-9]/m);
    expect(text).not.toContain('lease');
  } finally {
    server.closeAllConnections();
    server.close();
  }
  await run.reconfigure({ retentiondurationdays: 9 });
  const body = JSON.stringify({ keys: ['retentiondurationdays'] });
  expect((await run.request('settings/saved', { method: 'POST', body })).status).toBe(204);
  // What waits for its author is written before the end.
  await run.deactivate();
  const parameters = { keys: 'RetentionDurationDays', user: 'announced by System Console' };
  expect(run.audited).toMatchObject([
    { event: 'changeMetricsSettings', isSuccess: true, parameters, actor: { userId: 'admin' } },
  ]);
});
