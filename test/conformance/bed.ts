import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dump, DumpRequest, Status } from '../../api/index.ts';
import { eventually, type Checks } from './checks.ts';
import type { GoHost } from './go-host.ts';
import type { Prometheus } from './prometheus.ts';

/** What every group of checks works on. */
export interface Bed {
  checks: Checks;
  /** Logs, data and everything made on the way. */
  directory: string;
  host: GoHost;
  /** The Prometheus whose own metrics stand for the server's. */
  target: Prometheus;
  intervalMs: number;
}

/** May do everything; the host gives `manage_system` to ids that begin with `admin`. */
export const admin = 'adminadminadminadminadmina';
/** Signed in, without a permission. */
export const someone = 'someonesomeonesomeonesomeo';

/** Throws with `title` unless both are the same value. */
export function same(found: unknown, expected: unknown, title = 'value'): void {
  if (Object.is(found, expected)) return;
  throw new Error(`${title}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

/** Throws with `title` unless it holds. */
export function holds(condition: boolean, title: string): asserts condition {
  if (!condition) throw new Error(title);
}

/** An answer of the API as the administrator; throws on any other status. */
export async function ask<Reply>(
  { host }: Pick<Bed, 'host'>,
  path: string,
  init: RequestInit = {},
  status = 200,
): Promise<Reply> {
  const response = await host.request(`/api/v1${path}`, admin, init);
  const text = await response.text();
  if (response.status !== status) {
    throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${text}`);
  }
  return (text === '' ? undefined : JSON.parse(text)) as Reply;
}

export function getStatus(bed: Pick<Bed, 'host'>): Promise<Status> {
  return ask(bed, '/status');
}

/** Orders a dump; one that would be too many within a minute is ordered again when the plugin says so. */
export async function orderDump(bed: Pick<Bed, 'host'>, order: DumpRequest): Promise<Dump> {
  const body = JSON.stringify(order);
  const headers = { 'content-type': 'application/json' };
  const response = await bed.host.request('/api/v1/dumps', admin, {
    method: 'POST',
    body,
    headers,
  });
  const text = await response.text();
  if (response.status === 201) return JSON.parse(text) as Dump;
  const waitS = Number(response.headers.get('retry-after'));
  if (response.status !== 429 || !(waitS > 0)) {
    throw new Error(`POST /dumps: ${response.status} ${text}`);
  }
  console.log(`# ${waitS} s until the next dump may be ordered`);
  await sleep(waitS * 1000);
  return orderDump(bed, order);
}

/** Waits until a dump is ready, wherever it was ordered. */
export function dumpReady(bed: Pick<Bed, 'host'>, id: string): Promise<Dump> {
  return eventually(`dump ${id} is ready`, 60_000, async () => {
    const dump = await ask<Dump>(bed, `/dumps/${id}`);
    if (dump.state === 'failed' || dump.state === 'cancelled') {
      throw new Error(`dump ${dump.state}: ${JSON.stringify(dump.error)}`);
    }
    return dump.state === 'ready' ? dump : undefined;
  });
}

/** Orders a dump and waits until it is ready. */
export async function makeDump(
  bed: Pick<Bed, 'host'>,
  fromMs: number,
  toMs: number,
): Promise<Dump> {
  const { id } = await orderDump(bed, { from: fromMs, to: toMs });
  return dumpReady(bed, id);
}

/** Waits until samples newer than `sinceMs` are stored. */
export async function waitForSamples(bed: Bed, sinceMs: number, timeoutMs: number): Promise<void> {
  await eventually(`samples after ${sinceMs}`, timeoutMs, async () => {
    const { newestSampleMs } = await getStatus(bed);
    return newestSampleMs !== null && newestSampleMs > sinceMs ? true : undefined;
  });
}

/** Collects from these custom targets from now on, by the other settings that there are: a save replaces all of a plugin. */
export async function saveTargets(
  { host }: Pick<Bed, 'host'>,
  customtargets: string,
): Promise<void> {
  const { PluginSettings } = JSON.parse(
    await readFile(`${host.directory}/config.json`, 'utf8'),
  ) as { PluginSettings: { Plugins: Record<string, object> } };
  const settings = { ...PluginSettings.Plugins[host.pluginId], customtargets };
  const { refused } = await host.control<{ refused: string | null }>('POST', '/config', {
    PluginSettings: { Plugins: { [host.pluginId]: settings } },
  });
  same(refused, null, 'refused');
}
