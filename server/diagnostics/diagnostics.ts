import type { Cardinality, Gap, Target } from '../../api/index.ts';
import type { Configuration } from '../configuration.ts';
import type { LicenseFacts, PacketDump, TimeRange } from '../dump/index.ts';
import type { NodeStatus } from '../status.ts';
import type { PartsMetrics } from '../telemetry/index.ts';
import { gapsByReason } from './gap-summary.ts';
import type { RecentLine } from './recent-log.ts';
import { shownSettings } from './shown-settings.ts';

// What stands in `diagnostics.yaml` of a support packet; docs/format/diagnostics.md says what each
// field means. Lists begin with what matters most, because the writer cuts their ends.

/** What the process tells of itself. */
export interface ProcessFacts {
  pid: number;
  runtime: string;
  platform: string;
  uptimeSeconds: number;
  cpuSeconds: number;
  /** Undefined where it cannot be told. */
  privateBytes: number | undefined;
  heapBytes: number;
  /** Undefined where it is not measured. */
  longestSliceMs: number | undefined;
}

/** All that diagnostics are made of; what could not be had in time is undefined, `untold` says why. */
export interface DiagnosticsSources {
  nowMs: number;
  pluginId: string;
  pluginVersion: string;
  serverVersion: string;
  /** The operating system's name of this machine. */
  hostName: string;
  /** When the plugin was activated. */
  activeSinceMs: number;
  configuration: Configuration;
  /** Null when the server has none. */
  license: LicenseFacts | null | undefined;
  status: NodeStatus | undefined;
  targets: readonly Target[] | undefined;
  gaps: readonly Gap[] | undefined;
  gapRange: TimeRange;
  cardinality: Cardinality | undefined;
  metrics: PartsMetrics | undefined;
  process: ProcessFacts;
  log: readonly RecentLine[];
  /** The dump in the same packet. */
  dump: PacketDump;
  untold: readonly { what: string; reason: string }[];
}

/** Metrics with the most series that are named. */
const namedMetrics = 20;

/** Everything as plain values, in the order in which it is read. */
export function composeDiagnostics(sources: DiagnosticsSources): Record<string, unknown> {
  const { configuration, license, nowMs, status } = sources;
  return {
    formatVersion: 1,
    generatedAt: timeText(nowMs),
    plugin: {
      id: sources.pluginId,
      version: sources.pluginVersion,
      activeSince: timeText(sources.activeSinceMs),
    },
    server: {
      version: sources.serverVersion,
      restartedAt: timeText(status?.restartedAtMs),
      license: license === null ? 'none' : licenseOf(license),
      metricsEnabled: configuration.server.metrics.enable,
      metricsAddress: configuration.server.metrics.listenAddress,
      clusterEnabled: configuration.server.cluster.enable,
      fileDriver: configuration.server.file.driverName,
      databaseDriver: configuration.server.sql.driverName,
    },
    node: nodeOf(sources),
    dump: dumpOf(sources.dump),
    problems: status?.problems.map(({ code, severity, message, advice }) => {
      return { code, severity, message, advice };
    }),
    collector: collectorOf(status),
    nodes: status?.nodes.map(({ restartedAtMs, seenMs, ...node }) => {
      return { ...node, seenAt: timeText(seenMs), restartedAt: timeText(restartedAtMs) };
    }),
    targets: targetsOf(sources),
    gaps: gapsOf(sources),
    store: storeOf(sources),
    sync: syncOf(status),
    series: seriesOf(sources.cardinality),
    settings: shownSettings(configuration),
    self: selfOf(sources),
    log: logOf(sources.log),
    untold: sources.untold,
  };
}

/** An administrator may have given the node another name than its machine has. */
function nodeOf({ hostName, status }: DiagnosticsSources) {
  const host = status?.nodes.find(({ isSelf }) => isSelf)?.host ?? hostName;
  return { host, machine: hostName, mode: status?.mode, state: status?.state };
}

function licenseOf(license: LicenseFacts | undefined) {
  if (license === undefined) return undefined;
  const { expiresAtMs, ...facts } = license;
  return { ...facts, expiresAt: timeText(expiresAtMs) };
}

function dumpOf({ archive, asked, budgetBytes, failure, reductions, tookMs }: PacketDump) {
  return {
    asked: rangeText(asked),
    budgetBytes,
    tookSeconds: Math.round(tookMs) / 1000,
    archive: archive && {
      bytes: archive.body.length,
      requested: rangeText(archive.requested),
      actual: rangeText(archive.actual),
      stepSeconds: archive.stepSeconds,
      samples: archive.samples,
      series: archive.series,
      warnings: archive.warnings,
    },
    reductions,
    failure,
  };
}

function collectorOf(status: NodeStatus | undefined) {
  if (status === undefined) return undefined;
  const { epoch, node, sinceMs } = status.collector;
  return { node, since: node === '' ? undefined : timeText(sinceMs), epoch };
}

function targetsOf({ status, targets }: DiagnosticsSources) {
  // Those that fail are what is looked for; absent ones are nobody's trouble.
  const rank = ({ state }: Target) => ['down', 'unknown', 'up', 'absent'].indexOf(state);
  const sorted = [...(targets ?? [])].sort((a, b) => rank(a) - rank(b));
  return {
    ...status?.targets,
    list: targets && sorted.map((target) => targetOf(target)),
  };
}

function targetOf(target: Target) {
  const { instance, job, lastDropped, lastDurationMs, lastError, lastSamples, recent } = target;
  const failed = recent.filter(({ isUp }) => !isUp).length;
  return {
    ...{ job, instance, url: target.url, state: target.state },
    lastScrape: timeText(target.lastScrapeMs),
    lastDurationMs: lastDurationMs === null ? undefined : Math.round(lastDurationMs),
    ...{ lastSamples, lastDropped },
    recentScrapes: recent.length,
    recentFailures: failed,
    rejected: target.rejected,
    lastError: lastError && { code: lastError.code, message: lastError.message },
  };
}

function gapsOf({ gapRange, gaps }: DiagnosticsSources) {
  return gaps && { range: rangeText(gapRange), count: gaps.length, byReason: gapsByReason(gaps) };
}

function storeOf({ metrics, status }: DiagnosticsSources) {
  if (status === undefined) return undefined;
  return {
    ...status.store,
    walBytes: metrics?.store.walBytes,
    oldestSample: timeText(status.oldestSampleMs),
    newestSample: timeText(status.newestSampleMs),
  };
}

function syncOf(status: NodeStatus | undefined) {
  if (status === undefined) return undefined;
  const { lagMs, lastSuccessMs, ...sync } = status.sync;
  const lagSeconds = typeof lagMs === 'number' ? Math.round(lagMs / 1000) : undefined;
  return { ...sync, lagSeconds, lastSuccess: timeText(lastSuccessMs) };
}

function seriesOf(cardinality: Cardinality | undefined) {
  if (cardinality === undefined) return undefined;
  const { maxSeries, metrics, series, targets } = cardinality;
  const largest = metrics.slice(0, namedMetrics);
  const cutOffs = targets.flatMap(({ cutOffs: cut, instance, job }) =>
    cut.map(({ limit, metric, untilMs }) => {
      return { job, instance, metric, limit, until: timeText(untilMs) };
    }),
  );
  return { count: series, max: maxSeries, largest, cutOffs };
}

function selfOf({ metrics, process }: DiagnosticsSources) {
  if (metrics === undefined) return { process };
  const { cluster, isCollecting, scraped } = metrics;
  const { failures, samples, scrapes } = scraped;
  return {
    process,
    isCollecting,
    scrapes: { total: scrapes, samples, failures: Object.fromEntries([...failures].sort()) },
    lease: cluster && { isHolding: cluster.isHolding, epoch: cluster.epoch },
    clusterEvents: cluster?.events,
  };
}

/** Newest first. */
function logOf(lines: readonly RecentLine[]) {
  return lines
    .map(({ atMs, fields, level, message, times }) => {
      const values = Object.fromEntries(fields);
      return {
        at: timeText(atMs),
        level,
        message,
        times: times > 1 ? times : undefined,
        ...values,
      };
    })
    .reverse();
}

/** As everybody reads it; undefined when there is none. */
function timeText(timeMs: number | null | undefined): string | undefined {
  const isTime = typeof timeMs === 'number' && Math.abs(timeMs) <= maxTimeMs;
  return isTime ? new Date(timeMs).toISOString() : undefined;
}

/** Largest time that a date can have. */
const maxTimeMs = 8.64e15;

function rangeText({ fromMs, toMs }: TimeRange) {
  return { from: timeText(fromMs), to: timeText(toMs) };
}
