import type { ClusterNode } from '../../api/index.ts';
import { labelsFrom, metricNameLabel, type Store } from '../../lib/tsdb/index.ts';
import type { NodeInfo } from '../cluster/index.ts';
import { isServerTarget, storedLabels, type ScrapeTarget } from '../collect/index.ts';

/** When the Mattermost server process of one node began, as its own metrics tell it. */
export interface Restart {
  /** Host of the node; undefined on a server that is not in a cluster. */
  node: string | undefined;
  startedMs: number;
}

/** In seconds; the name without prefix is the usual one, Mattermost puts its own before it. */
const startMetrics = ['mattermost_process_start_time_seconds', 'process_start_time_seconds'];

/** Of every server among the targets whose newest sample tells when its process began. */
export function serverRestarts(
  targets: readonly ScrapeTarget[],
  store: Pick<Store, 'lastSample'>,
): Restart[] {
  return targets.filter(isServerTarget).flatMap((target) => {
    const times = startMetrics.map((name) => startedMs(target, name, store));
    const known = times.find((time) => time !== undefined);
    return known === undefined ? [] : [{ node: target.node, startedMs: known }];
  });
}

function startedMs(
  target: ScrapeTarget,
  name: string,
  store: Pick<Store, 'lastSample'>,
): number | undefined {
  const labels = { ...storedLabels(target), [metricNameLabel]: name };
  const last = store.lastSample(labelsFrom(Object.entries(labels)));
  if (last === undefined) return undefined;
  const timeMs = Math.round(doubleOf(last) * 1000);
  // A staleness marker is NaN: the server is gone, or does not answer.
  return timeMs > 0 && Number.isSafeInteger(timeMs) ? timeMs : undefined;
}

/** The newest of them. */
export function lastRestartMs(restarts: readonly Restart[]): number | undefined {
  return restarts.length === 0
    ? undefined
    : Math.max(...restarts.map(({ startedMs }) => startedMs));
}

/** A node as the API tells it. A server's table of nodes may name hosts by their address. */
export function clusterNode(node: NodeInfo, restarts: readonly Restart[]): ClusterNode {
  const { addresses, ...told } = node;
  const names = new Set([node.host, ...addresses].map((name) => name.toLowerCase()));
  const own = restarts.filter((restart) => names.has(restart.node?.toLowerCase() ?? ''));
  return { ...told, restartedAtMs: lastRestartMs(own) ?? null };
}

const bits = new DataView(new ArrayBuffer(8));

function doubleOf({ lo, hi }: { lo: number; hi: number }): number {
  bits.setInt32(0, hi);
  bits.setInt32(4, lo);
  return bits.getFloat64(0);
}
