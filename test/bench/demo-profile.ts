import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dump, Status } from '../../api/index.ts';
import { eventually } from '../conformance/checks.ts';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { startHost, type Host, type Session } from '../host/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { median, privateMemoryMb, rounded, type Measure } from './measure.ts';
import { startPeer } from './peer.ts';

const activations = 5;
/** How long both collect before their memory is read. */
const collectMs = 120_000;
const memoryReadings = 20;

type Login = Session & { headers: Record<string, string> };

/** The demo's deployment: the built plugin in a Mattermost stand-in, a mid-size exporter, 1 s. */
interface Deployment {
  host: Host;
  login: Login;
  exporter: Exporter;
}

/**
 * Measures the plugin in the demo's profile, and a Prometheus beside it on the same exporter; while both
 * collect, something else may go on.
 */
export async function measureDemoProfile(meanwhile: () => Promise<void>): Promise<Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'metrics-bench-'));
  const exporter = await startExporter({ profile: 'mid', seed: 1 });
  const peer = await startPeer(`${directory}/prometheus`, [exporter.port]);
  const host = await startHost({
    directory: `${directory}/server`,
    environment: { MM_METRICS_SLICE_MONITOR: '1' },
    configuration: {
      MetricsSettings: { Enable: true, ListenAddress: `127.0.0.1:${exporter.port}` },
      PluginSettings: {
        Plugins: {
          [manifest.id]: {
            scrapeintervalseconds: 1,
            scrapetimeoutseconds: 1,
            enablenodeexportertargets: false,
          },
        },
      },
    },
  });
  const deployment = { host, exporter, login: host.logIn() };
  try {
    await host.installPlugin(hostBundle);
    const firstSampleMs: number[] = [];
    for (let i = 0; i < activations; i++) {
      if (i > 0) await host.disable(manifest.id);
      firstSampleMs.push(await activate(deployment));
    }
    const pids = [host.active(manifest.id).process.pid, peer.child.pid ?? 0] as const;
    const reading = wait(collectMs).then(() => readMemory(...pids));
    const [memory] = await Promise.all([reading, meanwhile()]);
    await makeDump(deployment);
    await host.disable(manifest.id);
    const none = { peer: null, peerName: null };
    return [
      {
        name: 'first-sample',
        unit: 'ms',
        ours: rounded(median(firstSampleMs)),
        ...none,
        goal: 2000,
      },
      { name: 'memory-demo', unit: 'MB', ...memory, peerName: 'Prometheus 2.42', goal: 85 },
      { name: 'slice-demo', unit: 'ms', ours: longestSlice(host), ...none, goal: 50 },
    ];
  } finally {
    await host.stop();
    await Promise.all([peer.stop(), exporter.close()]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** From the end of OnActivate to the first stored sample. */
async function activate(deployment: Deployment): Promise<number> {
  const activatedAtMs = Date.now();
  await deployment.host.enable(manifest.id);
  const startedMs = performance.now();
  await eventually('a stored sample', 10_000, async () => {
    const { newestSampleMs } = await ask<Status>(deployment, '/status');
    return newestSampleMs !== null && newestSampleMs >= activatedAtMs ? true : undefined;
  });
  return performance.now() - startedMs;
}

async function readMemory(
  ourPid: number,
  peerPid: number,
): Promise<{ ours: number; peer: number }> {
  const ours: number[] = [];
  const peer: number[] = [];
  for (let i = 0; i < memoryReadings; i++) {
    ours.push(await privateMemoryMb(ourPid));
    peer.push(await privateMemoryMb(peerPid));
    await wait(250);
  }
  return { ours: rounded(median(ours)), peer: rounded(median(peer)) };
}

/** A dump of everything, as the button in the console orders it: it counts for the slices. */
async function makeDump(deployment: Deployment): Promise<void> {
  const body = JSON.stringify({ from: Date.now() - 600_000, to: Date.now() });
  const headers = { 'content-type': 'application/json' };
  const { id } = await ask<Dump>(deployment, '/dumps', { method: 'POST', body, headers });
  await eventually('the dump is ready', 60_000, async () => {
    const { state, error } = await ask<Dump>(deployment, `/dumps/${id}`);
    if (state === 'failed') throw new Error(JSON.stringify(error));
    return state === 'ready' ? true : undefined;
  });
}

async function ask<Reply>(
  { host, login }: Deployment,
  path: string,
  init: RequestInit = {},
): Promise<Reply> {
  const response = await host.request(manifest.id, `/api/v1${path}`, login, init);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Reply;
}

/** The plugin measures itself and says the figure when it stops. */
function longestSlice(host: Host): number {
  const line = host.logs.findLast(({ message }) => message.startsWith('Longest main-thread slice'));
  const milliseconds = line?.fields['milliseconds'];
  if (milliseconds === undefined) throw new Error('the plugin did not say its longest slice');
  return Number(milliseconds);
}
