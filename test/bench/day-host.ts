import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dump, DumpRequest, Status } from '../../api/index.ts';
import { eventually } from '../conformance/checks.ts';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { startHost, type Host, type HostOptions, type Session } from '../host/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { privateMemoryMb } from './measure.ts';

const sampleMs = 50;
const patienceMs = 10 * 60_000;

/** The plugin over a day of three busy servers, with everything in the file store. */
export interface DayHost {
  host: Host;
  exporter: Exporter;
  login: Session & { headers: Record<string, string> };
  endMs: number;
}

/** Starts the plugin over a store and waits until the file store has all of it. */
export async function startDay(
  directory: string,
  endMs: number,
  options: Partial<HostOptions> = {},
): Promise<DayHost> {
  const exporter = await startExporter({ profile: 'idle' });
  const host = await startHost({
    directory: join(directory, 'server'),
    environment: { MM_METRICS_SLICE_MONITOR: '1' },
    configuration: {
      MetricsSettings: { Enable: true, ListenAddress: `127.0.0.1:${exporter.port}` },
      PluginSettings: { Plugins: { [manifest.id]: { enablenodeexportertargets: false } } },
    },
    ...options,
  });
  await host.installPlugin(hostBundle);
  await host.enable(manifest.id);
  const day = { host, exporter, login: host.logIn(), endMs };
  await waitForBlocks(day);
  return day;
}

/** Until the file store has every block. */
export async function waitForBlocks(day: DayHost): Promise<void> {
  await eventually('all blocks in the file store', patienceMs, async () => {
    const { store: local, sync } = await ask<Status>(day, '/status');
    return local.blocks > 0 && sync.pendingBlocks === 0 && sync.remoteBlocks === local.blocks
      ? true
      : undefined;
  });
}

/** What one dump took. */
export interface DumpRun {
  dump: Dump;
  seconds: number;
  /** Most private memory of the plugin's process meanwhile. */
  highestMb: number;
}

export async function dumpOnce(day: DayHost, pid: number, request: DumpRequest): Promise<DumpRun> {
  const body = JSON.stringify(request);
  const headers = { 'content-type': 'application/json' };
  const startedMs = performance.now();
  let highestMb = 0;
  const { id } = await ask<Dump>(day, '/dumps', { method: 'POST', body, headers });
  for (let turn = 0; ; turn++) {
    highestMb = Math.max(highestMb, await privateMemoryMb(pid));
    await wait(sampleMs);
    // Asked seldom, so that asking does not cost what is measured.
    if (turn % 4 !== 0) continue;
    const dump = await ask<Dump>(day, `/dumps/${id}`);
    if (dump.state === 'failed') throw new Error(JSON.stringify(dump.error));
    if (dump.state !== 'ready') continue;
    return { dump, seconds: (performance.now() - startedMs) / 1000, highestMb };
  }
}

/** Deletes a dump with its archive. */
export async function removeDump(day: DayHost, { id }: Dump): Promise<void> {
  await ask(day, `/dumps/${id}`, { method: 'DELETE' });
}

/** Asks the plugin's API. */
export async function ask<Reply>(
  { host, login }: Pick<DayHost, 'host' | 'login'>,
  path: string,
  init: RequestInit = {},
): Promise<Reply> {
  const response = await host.request(manifest.id, `/api/v1${path}`, login, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as Reply;
}
