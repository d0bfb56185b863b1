import type { Mode, Problem, Status, StoreStatus, SyncStatus } from '../api/index.ts';

/** What the parts say about themselves; an absent part has not started or could not. */
export interface StatusSources {
  pluginVersion: string;
  serverVersion: string;
  mode: Mode;
  node: string;
  sinceMs: number;
  nowMs: number;
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

/** The node's whole state as the API tells it. */
export function composeStatus(sources: StatusSources): Omit<Status, 'can'> {
  const { targets, store } = sources;
  return {
    pluginVersion: sources.pluginVersion,
    serverVersion: sources.serverVersion,
    mode: sources.mode,
    // Without a cluster there is one collector for ever: the lease begins to count with a second node.
    collector: { node: sources.node, sinceMs: sources.sinceMs, epoch: 0 },
    state: stateOf(sources),
    nowMs: sources.nowMs,
    scrapeIntervalSeconds: sources.scrapeIntervalMs / 1000,
    targets: { up: targets.up, total: targets.total },
    newestSampleMs: sources.newestSampleMs ?? null,
    oldestSampleMs: sources.oldestSampleMs ?? null,
    store: store ?? noStore,
    sync: sources.sync,
    problems: errorsFirst(sources.problems),
  };
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
