// `make demo`: a Mattermost stand-in with the built plugin, a synthetic Mattermost exporter as its
// target, and the console's page. Runs until stopped; with ONCE=1 it collects for DEMO_SECONDS (20), makes
// a dump over HTTP, writes dist/demo/tsdb_dump.tar.gz, prints what is in it and ends.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { dumpArchivePath, type Dump, type Status } from '../../api/index.ts';
import { AdminClient } from '../../build/admin-client.ts';
import { root } from '../../build/command.ts';
import { consolePagePath, consolePages } from '../e2e/console-pages.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { startExporter, type Exporter } from './exporter.ts';
import { startHost, type Host, type HostLogLine } from './index.ts';

/** One run without waiting, at the shortest interval; else the page shows a healthy plugin. */
const isOnce = process.env['ONCE'] === '1';
const directory = `${root}dist/demo`;
const defaultSeconds = 20;
const uploadTimeoutMs = 60_000;
const dumpTimeoutMs = 60_000;
const pollMs = 200;

interface Demo {
  host: Host;
  exporter: Exporter;
  admin: ReturnType<Host['logIn']>;
}

async function startDemo(): Promise<Demo> {
  await rm(`${directory}/server`, { recursive: true, force: true });
  await mkdir(`${directory}/server`, { recursive: true });
  const exporter = await startExporter({ profile: 'mid' });
  const host = await startHost({
    directory: `${directory}/server`,
    port: Number(process.env['PORT'] ?? 0),
    environment: { MM_METRICS_SLICE_MONITOR: '1' },
    onLog: print,
    configuration: {
      MetricsSettings: { Enable: true, ListenAddress: `127.0.0.1:${String(exporter.port)}` },
      PluginSettings: {
        Plugins: {
          [manifest.id]: {
            scrapeintervalseconds: isOnce ? 1 : 2,
            scrapetimeoutseconds: 1,
            enablenodeexportertargets: false,
          },
        },
      },
    },
  });
  const admin = host.logIn();
  host.pages = consolePages({ pluginId: manifest.id, setCookies: admin.cookies });
  return { host, exporter, admin };
}

/** Uploads and enables the bundle over HTTP, as an admin or `make deploy` does. */
async function install({ host, admin }: Demo): Promise<void> {
  const address = { siteUrl: host.url, token: admin.token };
  const client = new AdminClient(address, AbortSignal.timeout(uploadTimeoutMs));
  await client.upload(basename(hostBundle), await readFile(hostBundle));
  await client.enable(manifest.id);
  const { active, error } = host.plugin(manifest.id);
  if (active === undefined) throw new Error(`the plugin does not run: ${error}`);
  console.log(`exec to handshake line: ${active.process.handshakeMs.toFixed(0)} ms`);
}

async function ask<Reply>(demo: Demo, path: string, init?: RequestInit): Promise<Reply> {
  const response = await demo.host.request(manifest.id, `/api/v1/${path}`, demo.admin, init);
  if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
  return (await response.json()) as Reply;
}

async function collect(demo: Demo, seconds: number): Promise<void> {
  const startedMs = performance.now();
  let hasSample = false;
  while (performance.now() - startedMs < seconds * 1000) {
    const { newestSampleMs, targets } = await ask<Status>(demo, 'status');
    if (newestSampleMs !== null && !hasSample) {
      hasSample = true;
      const ms = (performance.now() - startedMs).toFixed(0);
      console.log(`activation to first sample: ${ms} ms (${String(targets.up)} target up)`);
    }
    await wait(pollMs);
  }
  if (!hasSample) throw new Error('nothing was collected');
}

/** Makes a dump of everything up to now and returns it when it is ready. */
async function makeDump(demo: Demo): Promise<Dump> {
  const { nowMs } = await ask<Status>(demo, 'status');
  const deadlineMs = performance.now() + dumpTimeoutMs;
  let dump = await ask<Dump>(demo, 'dumps', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ from: nowMs - 24 * 3_600_000, to: nowMs }),
  });
  while (dump.state === 'queued' || dump.state === 'running') {
    if (performance.now() > deadlineMs) throw new Error('the dump takes too long');
    await wait(pollMs);
    dump = await ask<Dump>(demo, `dumps/${dump.id}`);
  }
  if (dump.state !== 'ready')
    throw new Error(`the dump ${dump.state}: ${dump.error?.message ?? ''}`);
  const age = nowMs - (dump.actual?.toMs ?? 0);
  console.log(`newest sample in the dump: ${String(age)} ms old when it was asked for`);
  return dump;
}

async function download(demo: Demo, dump: Dump): Promise<void> {
  const path = `/api/v1/${dumpArchivePath(dump.id)}`;
  const response = await demo.host.request(manifest.id, path, demo.admin);
  const archive = Buffer.from(await response.arrayBuffer());
  if (createHash('sha256').update(archive).digest('hex') !== dump.sha256) {
    throw new Error(`the download (${String(response.status)}) is not what the plugin announced`);
  }
  const file = `${directory}/tsdb_dump.tar.gz`;
  await writeFile(file, archive);
  const { samples, series } = dump;
  console.log(
    `${file}: ${String(samples)} samples, ${String(series)} series, ${String(archive.length)} bytes`,
  );
}

async function runOnce(demo: Demo): Promise<void> {
  await collect(demo, Number(process.env['DEMO_SECONDS'] ?? defaultSeconds));
  const { pid } = demo.host.active(manifest.id).process;
  await download(demo, await makeDump(demo));
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const privateKb = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]);
  console.log(`private memory of the plugin: ${(privateKb / 1024).toFixed(0)} MiB`);
}

async function runUntilStopped({ host }: Demo): Promise<void> {
  console.log(`\nSystem Console: ${host.url}${consolePagePath(manifest.id)}`);
  console.log('Press Ctrl-C to stop.');
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function print({ level, message, source, fields }: HostLogLine): void {
  if (level === 'debug') return;
  const values = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
  console.log(`  [${level}] ${source}: ${message}${values.join('')}`);
}

if (process.env['NODES'] !== undefined && process.env['NODES'] !== '1') {
  throw new Error('NODES: the stand-in runs one node; clusters come with a later version');
}
const demo = await startDemo();
try {
  await install(demo);
  await (isOnce ? runOnce(demo) : runUntilStopped(demo));
} finally {
  await demo.host.stop();
  await demo.exporter.close();
}
if (demo.host.violations.length > 0) {
  throw new Error(`the plugin would have harmed the server: ${demo.host.violations.join('; ')}`);
}
