import type { ApiError } from './errors.ts';
import type { Sentence } from './sentence.ts';

/**
 * What this node does: `both` collects and serves (a single server), `scraper` collects for a
 * cluster, `listener` serves dumps from the file store.
 */
export type Mode = 'both' | 'scraper' | 'listener';

/** One node of the cluster, as it announced itself last. */
export interface ClusterNode {
  /** Host name by which administrators know it. */
  host: string;
  /** Cluster id. */
  id: string;
  mode: Mode;
  pluginVersion: string;
  /** Version of its Mattermost server; empty while it is not known. */
  serverVersion: string;
  /** Start of its Mattermost server process, as its metrics tell it; null while that is not known. */
  restartedAtMs: number | null;
  /** When it announced itself last. */
  seenMs: number;
  /** Whether this node answers the request. */
  isSelf: boolean;
}

/** Something an administrator should know; errors mean that data is being lost or cannot be had. */
export interface Problem {
  /** Stable, upper snake case. */
  code: string;
  severity: 'error' | 'warning';
  message: string;
  /** What to do about it, one sentence. */
  advice: string;
  /** Path inside System Console where it can be mended, without host. */
  link?: string;
  /** Message and advice for other languages; absent in what an older version tells. */
  sentences?: { message: Sentence; advice: Sentence };
  /** The node that says so ("this node" is that one), where it is not the one that was asked. */
  node?: string;
}

/** Answer of `GET /api/v1/status`. Times are milliseconds since the epoch, by the node's clock. */
export interface Status {
  pluginVersion: string;
  serverVersion: string;
  mode: Mode;
  /** The node that collects; `node` is empty while none does. */
  collector: { node: string; sinceMs: number; epoch: number };
  /** All nodes of the cluster that announce themselves; empty on a single server. */
  nodes: ClusterNode[];
  state: 'starting' | 'collecting' | 'degraded' | 'stopped';
  nowMs: number;
  /** When a Mattermost server of the deployment started last; null while that is not known. */
  restartedAtMs: number | null;
  scrapeIntervalSeconds: number;
  targets: { up: number; total: number };
  /** Newest and oldest sample that a dump could contain; null before the first one. */
  newestSampleMs: number | null;
  oldestSampleMs: number | null;
  store: StoreStatus;
  sync: SyncStatus;
  problems: Problem[];
  can: {
    read: boolean;
    write: boolean;
    /** Whether they administer the system: what aliases stand for is for them alone. */
    manage: boolean;
  };
}

/** The local store of the collecting node. */
export interface StoreStatus {
  path: string;
  headSeries: number;
  headSamples: number;
  blocks: number;
  sizeBytes: number;
  /** Free space of the disk below the store; null when it cannot be told. */
  freeBytes: number | null;
}

/** Answer of `POST /api/v1/sync`. */
export interface SyncOutcome {
  /** The node that copied what it had. */
  node: string;
  /** Whether all of it is in the file store; if not, the copying goes on. */
  isFinished: boolean;
  sync: SyncStatus;
}

/** The copy of blocks in the server's file store. */
export interface SyncStatus {
  /** Driver name of the server's file settings: `local`, `amazons3`, `azureblob`. */
  driver: string;
  remoteBlocks: number;
  remoteBytes: number;
  /** Local blocks that are not in the file store yet. */
  pendingBlocks: number;
  /** Their bytes; null while the store is being opened. */
  pendingBytes?: number | null;
  /** Age of the oldest sample that is on this node's disk alone; null when there is none. */
  lagMs?: number | null;
  lastSuccessMs: number | null;
  lastError: ApiError | null;
}
