import type { RejectedSamples, SyncStatus } from '../../api/index.ts';
import type { StoreStats } from '../../lib/tsdb/index.ts';
import type { BusCounts } from '../cluster/index.ts';
import { ExpositionText, type Sample } from './exposition-text.ts';

/** What the parts of a node tell of themselves; docs/self-metrics.md says what it means. */
export interface PartsMetrics {
  isCollecting: boolean;
  targets: { up: number; total: number };
  scraped: {
    scrapes: number;
    samples: number;
    /** Samples that were not stored, by reason. */
    rejected: Readonly<RejectedSamples>;
    failures: ReadonlyMap<string, number>;
  };
  store: StoreStats;
  sync: SyncStatus;
  /** Undefined on a server that is not in a cluster. */
  cluster: { isHolding: boolean; epoch: number; events: Readonly<BusCounts> } | undefined;
}

export interface SelfMetricsSources {
  pluginVersion: string;
  /** Undefined while the parts are being opened, or cannot be. */
  parts: PartsMetrics | undefined;
  /** Undefined where it is not measured. */
  longestSliceMs: number | undefined;
  /** Undefined where the operating system does not tell it. */
  privateBytes: number | undefined;
}

/** The plugin's own metrics as text. */
export function renderSelfMetrics(sources: SelfMetricsSources): string {
  const { longestSliceMs, parts, pluginVersion, privateBytes } = sources;
  const out = new ExpositionText();
  out.labelled('build_info', 'Version of the plugin, as a label.', [
    [{ version: pluginVersion }, 1],
  ]);
  out.gauge('private_memory_bytes', 'Memory of the plugin process alone (RssAnon).', privateBytes);
  out.gauge(
    'longest_slice_seconds',
    'Longest time that the main thread worked without a pause.',
    longestSliceMs === undefined ? undefined : longestSliceMs / 1000,
  );
  out.gauge('ready', 'Whether the store is open.', Number(parts !== undefined));
  if (parts === undefined) return out.text;
  writeScrapes(out, parts);
  writeStore(out, parts.store);
  writeSync(out, parts.sync);
  if (parts.cluster !== undefined) writeCluster(out, parts.cluster);
  return out.text;
}

function writeScrapes(out: ExpositionText, { isCollecting, scraped, targets }: PartsMetrics): void {
  out.gauge('collecting', 'Whether this node collects.', Number(isCollecting));
  out.gauge('targets', 'Targets that this node scrapes.', targets.total);
  out.gauge('targets_up', 'Targets whose last scrape succeeded.', targets.up);
  out.counter('scrapes_total', 'Scrapes, failed ones included.', scraped.scrapes);
  out.counter('scraped_samples_total', 'Samples of scrapes that succeeded.', scraped.samples);
  out.counter(
    'rejected_samples_total',
    'Samples of scrapes that succeeded which were not stored, by reason.',
    countsByReason(scraped.rejected),
  );
  out.counter(
    'scrape_errors_total',
    'Failed scrapes by the code of the reason.',
    [...scraped.failures].sort().map(([reason, count]): Sample => [{ reason }, count]),
  );
}

function writeStore(out: ExpositionText, store: StoreStats): void {
  out.gauge('wal_bytes', 'Size of the write-ahead log on the disk.', store.walBytes);
  out.gauge('head_series', 'Series in memory.', store.headSeries);
  out.gauge('head_samples', 'Samples in memory.', store.headSamples);
  out.gauge('blocks', 'Blocks on the disk of this node.', store.blocks);
  out.gauge('storage_bytes', 'Size of blocks and write-ahead log on the disk.', store.sizeBytes);
}

function writeSync(out: ExpositionText, sync: SyncStatus): void {
  const { lagMs, lastSuccessMs } = sync;
  out.gauge('sync_pending_blocks', 'Blocks not in the file store yet.', sync.pendingBlocks);
  out.gauge(
    'sync_pending_bytes',
    'Size of the blocks not in the file store yet.',
    sync.pendingBytes,
  );
  out.gauge(
    'sync_lag_seconds',
    'Age of the oldest sample that is on the disk of this node alone; 0 when there is none.',
    lagMs === undefined ? undefined : (lagMs ?? 0) / 1000,
  );
  out.gauge(
    'sync_last_success_timestamp_seconds',
    'When everything was last found in the file store.',
    lastSuccessMs === null ? undefined : lastSuccessMs / 1000,
  );
  out.gauge('sync_failing', 'Whether the last copying failed.', Number(sync.lastError !== null));
}

function writeCluster(out: ExpositionText, cluster: NonNullable<PartsMetrics['cluster']>): void {
  const { received, ...lost } = cluster.events;
  out.gauge('lease_holding', 'Whether this node holds the lease.', Number(cluster.isHolding));
  out.gauge('lease_epoch', 'Number of the lease; each new holder makes it larger.', cluster.epoch);
  out.counter('cluster_events_total', 'Events of other nodes that came.', received);
  out.counter(
    'cluster_events_unserved_total',
    'Events of other nodes that were not served, by reason.',
    countsByReason(lost),
  );
}

function countsByReason(counts: object): Sample[] {
  return Object.entries(counts).map(([name, count]) => [
    { reason: snakeCase(name) },
    Number(count),
  ]);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
