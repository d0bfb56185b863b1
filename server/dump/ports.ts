import type { Gap, KnownSentence, Mode, Target } from '../../api/index.ts';
import type { ThreadCall } from '../../lib/runtime/index.ts';
import type { BlockInfo, SnapshotRequest, StoreStats } from '../../lib/tsdb/index.ts';
import type { RemoteBlock } from '../share/index.ts';

/** The server's key-value store; `PluginApi` of `server/mattermost` is one. */
export interface KvStore {
  /** Undefined when there is no such key. */
  kvGet(key: string): Promise<Uint8Array | undefined>;
  /** Undefined `oldValue`: only if the key does not exist. False when another value is stored. */
  kvCompareAndSet(
    key: string,
    oldValue: Uint8Array | undefined,
    newValue: Uint8Array,
  ): Promise<boolean>;
  kvDelete(key: string): Promise<void>;
  /** Keys of this plugin; pages count from 0. */
  kvList(page: number, perPage: number): Promise<string[]>;
}

/** The local store of this node; `Store` of `lib/tsdb` is one. A listener has none. */
export interface LocalStorePort {
  blocks(): readonly BlockInfo[];
  snapshotHead(request: SnapshotRequest): Promise<BlockInfo | undefined>;
  /** Values that a label has in series of the head with samples at or after a time, in no order. */
  labelValues(name: string, sinceMs: number): string[];
  stats(): StoreStats;
}

/** Snapshots of heads in the file store: samples that are in no block there yet. */
export interface HeadSource {
  /**
   * Sees to it that the newest samples of the deployment are on this node or in the file store.
   * Never rejects: when that could not be done, a sentence says why.
   */
  flush(signal?: AbortSignal): Promise<KnownSentence | undefined>;
  /** Looks at the file store. */
  refresh(signal?: AbortSignal): Promise<void>;
  /** What, as of the last look, neither a block in the file store nor this node holds. */
  blocks(): readonly RemoteBlock[];
}

/** A worker thread that serves `dumpHandlers`; `Thread` of `lib/runtime` is one. */
export interface DumpThread {
  call(method: string, payload: unknown, options?: ThreadCall): Promise<unknown>;
  stop(): Promise<void>;
}

/** What a dump tells about the server's licence. */
export interface LicenseFacts {
  /** Short name of the edition: `professional`, `enterprise`, `advanced`. */
  sku: string;
  isTrial: boolean;
  expiresAtMs: number;
  /** Whether it includes metrics, and a cluster: without the first the server offers nothing. */
  hasMetrics: boolean;
  hasCluster: boolean;
}

/** A node of the cluster, as it announced itself last. */
export interface NodeFacts {
  host: string;
  mode: Mode;
  pluginVersion: string;
  /** Empty where it is not known: an early version of the plugin did not tell it. */
  serverVersion: string;
  seenMs: number;
}

/** What a dump tells about the server. Ids are empty where the server has none. */
export interface ServerFacts {
  serverVersion: string;
  /** The diagnostic id, 26 characters. */
  serverId: string;
  licenseId: string;
  customerId: string;
  /** Null when the server has none. */
  license: LicenseFacts | null;
  /** Host name that administrators know the server by; part of the archive's name. */
  serverName: string;
}

/** What exporters say about a metric. */
export interface MetricFacts {
  type: string;
  help: string;
  unit: string;
}

/** What the collecting node knows about what it collected. */
export interface CollectedFacts {
  targets: readonly Target[];
  /** Stretches without data that touch the range. */
  gaps: readonly Gap[];
  /** By metric family. */
  metadata: Readonly<Record<string, readonly MetricFacts[]>>;
  /** What of it could not be had, in sentences. */
  warnings: readonly KnownSentence[];
}

/** Where a dump gets what its manifest tells. */
export interface DumpFacts {
  server: () => Promise<ServerFacts>;
  pluginVersion: string;
  /** The nodes of the cluster that are known; this one alone on a single server. */
  nodes: () => readonly NodeFacts[];
  /** Setting of the interval between two scrapes, for the windows of a dump's dashboards. */
  scrapeIntervalMs: () => number;
  /** Never rejects: what could not be had is told in its warnings. */
  collected: (range: { fromMs: number; toMs: number }) => Promise<CollectedFacts>;
}
