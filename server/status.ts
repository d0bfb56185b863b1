import type { ClusterNode, Mode, Problem, Status, StoreStatus, SyncStatus } from '../api/index.ts';

/** What the parts say about themselves; an absent part has not started or could not. */
export interface StatusSources {
  pluginVersion: string;
  serverVersion: string;
  mode: Mode;
  collector: Status['collector'];
  nodes: ClusterNode[];
  nowMs: number;
  /** Undefined while it is not known. */
  restartedAtMs: number | undefined;
  scrapeIntervalMs: number;
  targets: { up: number; total: number };
  /** Whether a first scrape has ended, well or not. */
  isScraped: boolean;
  newestSampleMs: number | undefined;
  oldestSampleMs: number | undefined;
  /** Undefined while the store is being opened or cannot be. */
  store: StoreStatus | undefined;
  sync: SyncStatus;
  problems: readonly Problem[];
  isStopped: boolean;
}

/** What a node says about itself and the deployment. */
export type NodeStatus = Omit<Status, 'can'>;

/** The node's whole state as the API tells it. */
export function composeStatus(sources: StatusSources): NodeStatus {
  const { targets, store } = sources;
  return {
    pluginVersion: sources.pluginVersion,
    serverVersion: sources.serverVersion,
    mode: sources.mode,
    collector: sources.collector,
    nodes: sources.nodes,
    state: stateOf(sources),
    nowMs: sources.nowMs,
    restartedAtMs: sources.restartedAtMs ?? null,
    scrapeIntervalSeconds: sources.scrapeIntervalMs / 1000,
    targets: { up: targets.up, total: targets.total },
    newestSampleMs: sources.newestSampleMs ?? null,
    oldestSampleMs: sources.oldestSampleMs ?? null,
    store: store ?? noStore,
    sync: sources.sync,
    problems: errorsFirst(sources.problems),
  };
}

/**
 * The state of a node that does not collect: what is collected and stored is told as the collecting
 * node says it, beside the own problems.
 */
export function listenerStatus(own: NodeStatus, collector: NodeStatus | undefined): NodeStatus {
  if (collector === undefined) return own;
  const known = new Set(own.problems.map(({ code, message }) => `${code} ${message}`));
  const told = isLongSilent(own.problems) ? [] : collector.problems;
  const others = told
    .filter(({ code, message }) => !known.has(`${code} ${message}`))
    .filter(({ code }) => !isSaidForAll(code, own.problems))
    .map((problem) => ({ ...problem, node: own.collector.node }));
  const problems = errorsFirst([...own.problems, ...others]);
  const isHurt = problems[0]?.severity === 'error' && collector.state === 'collecting';
  return {
    ...own,
    nodes: withRestarts(own.nodes, collector.nodes),
    restartedAtMs: collector.restartedAtMs,
    state: own.state === 'stopped' ? 'stopped' : isHurt ? 'degraded' : collector.state,
    targets: collector.targets,
    newestSampleMs: extreme(Math.max, own.newestSampleMs, collector.newestSampleMs),
    oldestSampleMs: extreme(Math.min, own.oldestSampleMs, collector.oldestSampleMs),
    store: collector.store,
    sync: collector.sync,
    problems,
  };
}

/** Each node tells it in its own words, and one of them is enough. */
const saidForAll: ReadonlySet<string> = new Set(['CLUSTER_CLOCK_SKEW', 'CLUSTER_MIXED_VERSIONS']);

function isSaidForAll(code: string, problems: readonly Problem[]): boolean {
  return saidForAll.has(code) && problems.some((problem) => problem.code === code);
}

/** What the collecting node said before is then as old as the rest, and no news. */
function isLongSilent(problems: readonly Problem[]): boolean {
  return problems.some(
    ({ code, severity }) => code === 'CLUSTER_COLLECTOR_SILENT' && severity === 'error',
  );
}

/** The collecting node alone has the metrics that tell when servers started. */
function withRestarts(nodes: ClusterNode[], told: readonly ClusterNode[]): ClusterNode[] {
  const known = new Map(told.map(({ id, restartedAtMs }) => [id, restartedAtMs]));
  return nodes.map((node) => ({ ...node, restartedAtMs: known.get(node.id) ?? null }));
}

function extreme(
  pick: (...values: number[]) => number,
  ...values: (number | null)[]
): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : pick(...known);
}

const noStore: StoreStatus = {
  path: '',
  headSeries: 0,
  headSamples: 0,
  blocks: 0,
  sizeBytes: 0,
  freeBytes: null,
};

function stateOf(sources: StatusSources): Status['state'] {
  if (sources.isStopped) return 'stopped';
  const hasErrors = sources.problems.some(({ severity }) => severity === 'error');
  if (sources.store === undefined) return hasErrors ? 'stopped' : 'starting';
  if (hasErrors) return 'degraded';
  return sources.isScraped ? 'collecting' : 'starting';
}

function errorsFirst(problems: readonly Problem[]): Problem[] {
  const rank = ({ severity }: Problem) => (severity === 'error' ? 0 : 1);
  return [...problems].sort((a, b) => rank(a) - rank(b));
}
