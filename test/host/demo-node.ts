// What the demos of one node and of several do with a stand-in and the plugin on it.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { dumpArchivePath, type Dump, type Status } from '../../api/index.ts';
import { AdminClient } from '../../build/admin-client.ts';
import { root } from '../../build/command.ts';
import { consolePages } from '../e2e/console-pages.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { startExporter, type Exporter } from './exporter.ts';
import { startHost, type Host, type HostLogLine, type HostOptions } from './index.ts';

/** One run without waiting, at the shortest interval; else the page shows a healthy plugin. */
export const isOnce = process.env['ONCE'] === '1';
/** How long `ONCE=1` collects. */
export const demoSeconds = Number(process.env['DEMO_SECONDS'] ?? 20);
export const demoDirectory = `${root}dist/demo`;
export const pluginId = manifest.id;

const uploadTimeoutMs = 60_000;
const dumpTimeoutMs = 60_000;
const pollMs = 200;

/** A stand-in, its synthetic metrics, and somebody who may do everything. */
export interface DemoNode {
  /** The address of its metrics. */
  name: string;
  host: Host;
  exporter: Exporter;
  admin: ReturnType<Host['logIn']>;
}

export interface DemoNodeOptions {
  name: string;
  directory: string;
  exporter: Exporter;
  port?: number;
  place?: HostOptions['place'];
  /** The file store; below the server's directory by default. */
  fileDirectory?: string;
}

export async function startDemoNode(options: DemoNodeOptions): Promise<DemoNode> {
  const { name, directory, exporter, place, fileDirectory = './data/' } = options;
  await mkdir(directory, { recursive: true });
  const host = await startHost({
    directory,
    port: options.port ?? 0,
    environment: { MM_METRICS_SLICE_MONITOR: '1' },
    onLog: (line) => print(line, place === undefined ? '' : `${name} `),
    ...(place === undefined ? {} : { place }),
    configuration: {
      MetricsSettings: {
        Enable: true,
        // The nodes of a cluster share one configuration: each listens on its own address.
        ListenAddress: `${place === undefined ? name : ''}:${String(exporter.port)}`,
      },
      ClusterSettings: {
        Enable: place !== undefined,
        ClusterName: place?.cluster.name ?? '',
        // They share a machine, and with it its name.
        OverrideHostname: place === undefined ? '' : name,
        // Else nobody could enable the plugin over HTTP.
        ReadOnlyConfig: false,
      },
      FileSettings: { DriverName: 'local', Directory: fileDirectory },
      PluginSettings: {
        // A server that starts a killed plugin again may be faster than the other nodes' patience.
        EnableHealthCheck: place === undefined,
        Plugins: {
          [pluginId]: {
            scrapeintervalseconds: isOnce ? 1 : 2,
            scrapetimeoutseconds: 1,
            enablenodeexportertargets: false,
          },
        },
      },
    },
  });
  // The server has both on one port: its own metrics and those of its plugins.
  exporter.otherwise = host.metricsPort;
  const admin = host.logIn();
  host.pages = consolePages({ pluginId, setCookies: admin.cookies, hasSocket: true });
  return { name, host, exporter, admin };
}

/** The synthetic metrics of one server. */
export function startDemoExporter(address: string, port = 0): Promise<Exporter> {
  return startExporter({ profile: 'mid', address, port, seed: Number(address.split('.')[3]) });
}

/** Uploads the bundle over HTTP, as an admin or `make deploy` does. */
export async function uploadPlugin(node: DemoNode): Promise<void> {
  await clientOf(node).upload(basename(hostBundle), await readFile(hostBundle));
}

/** Presses Enable. */
export async function enablePlugin(node: DemoNode): Promise<void> {
  await clientOf(node).enable(pluginId);
  const { active, error } = node.host.plugin(pluginId);
  if (active === undefined) throw new Error(`the plugin does not run: ${error}`);
  console.log(`${node.name}: exec to handshake line: ${active.process.handshakeMs.toFixed(0)} ms`);
}

function clientOf({ host, admin }: DemoNode): AdminClient {
  const address = { siteUrl: host.url, token: admin.token };
  return new AdminClient(address, AbortSignal.timeout(uploadTimeoutMs));
}

export async function askNode<Reply>(
  { host, admin }: DemoNode,
  path: string,
  init?: RequestInit,
): Promise<Reply> {
  const response = await host.request(pluginId, `/api/v1/${path}`, admin, init);
  if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
  return (await response.json()) as Reply;
}

export function statusOf(node: DemoNode): Promise<Status> {
  return askNode<Status>(node, 'status');
}

/** Makes a dump of everything up to now and returns it when it is ready. */
export async function makeDump(node: DemoNode): Promise<Dump> {
  const { nowMs } = await statusOf(node);
  const deadlineMs = performance.now() + dumpTimeoutMs;
  let dump = await askNode<Dump>(node, 'dumps', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ from: nowMs - 24 * 3_600_000, to: nowMs }),
  });
  while (dump.state === 'queued' || dump.state === 'running') {
    if (performance.now() > deadlineMs) throw new Error('the dump takes too long');
    await wait(pollMs);
    dump = await askNode<Dump>(node, `dumps/${dump.id}`);
  }
  if (dump.state !== 'ready')
    throw new Error(`the dump ${dump.state}: ${dump.error?.message ?? ''}`);
  const age = nowMs - (dump.actual?.toMs ?? 0);
  console.log(`newest sample in the dump: ${String(age)} ms old when it was asked for`);
  return dump;
}

/** Writes the archive to `dist/demo/tsdb_dump.tar.gz`. */
export async function download({ host, admin }: DemoNode, dump: Dump): Promise<void> {
  const path = `/api/v1/${dumpArchivePath(dump.id)}`;
  const response = await host.request(pluginId, path, admin);
  const archive = Buffer.from(await response.arrayBuffer());
  if (createHash('sha256').update(archive).digest('hex') !== dump.sha256) {
    throw new Error(`the download (${String(response.status)}) is not what the plugin announced`);
  }
  const file = `${demoDirectory}/tsdb_dump.tar.gz`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, archive);
  const { samples, series } = dump;
  console.log(
    `${file}: ${String(samples)} samples, ${String(series)} series, ${String(archive.length)} bytes`,
  );
}

export async function printMemory({ name, host }: DemoNode): Promise<void> {
  const { pid } = host.active(pluginId).process;
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const privateKb = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]);
  console.log(`private memory of the plugin (${name}): ${(privateKb / 1024).toFixed(0)} MiB`);
}

/** Resolves with Ctrl-C. */
export async function untilStopped(): Promise<void> {
  console.log('Press Ctrl-C to stop.');
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

/** Ends a demo; throws when the plugin did what would have harmed a real server. */
export async function stopDemoNode({ host, exporter }: DemoNode): Promise<void> {
  await host.stop();
  await exporter.close();
  if (host.violations.length === 0) return;
  throw new Error(`the plugin would have harmed the server: ${host.violations.join('; ')}`);
}

function print({ level, message, source, fields }: HostLogLine, prefix: string): void {
  if (level === 'debug') return;
  const values = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
  console.log(`  ${prefix}[${level}] ${source}: ${message}${values.join('')}`);
}
