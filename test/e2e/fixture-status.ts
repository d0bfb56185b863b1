import type {
  Dump,
  DumpPreview,
  DumpRequest,
  Problem,
  ScrapeOutcome,
  Status,
  Target,
} from '../../api/index.ts';

const HOUR = 3_600_000;

/** A healthy single server, as the API describes it at `nowMs`. */
export function healthyStatus(nowMs: number): Status {
  return {
    pluginVersion: '0.8.0',
    serverVersion: '11.1.0',
    mode: 'both',
    collector: { node: 'mattermost-1', sinceMs: nowMs - 76 * HOUR, epoch: 0 },
    nodes: [],
    state: 'collecting',
    nowMs,
    restartedAtMs: nowMs - 76 * HOUR,
    scrapeIntervalSeconds: 15,
    targets: { up: 2, total: 2 },
    newestSampleMs: nowMs - 4_000,
    oldestSampleMs: nowMs - 15 * 24 * HOUR,
    store: {
      path: '/opt/mattermost/mattermost-plugin-metrics/data',
      headSeries: 11_043,
      headSamples: 7_912_455,
      blocks: 36,
      sizeBytes: 412 * 1024 * 1024,
      freeBytes: 41.3 * 1024 ** 3,
    },
    sync: {
      driver: 'local',
      remoteBlocks: 180,
      remoteBytes: 2.1 * 1024 ** 3,
      pendingBlocks: 0,
      pendingBytes: 0,
      lagMs: 68 * 60_000,
      lastSuccessMs: nowMs - 12 * 60_000,
      lastError: null,
    },
    problems: [],
    can: { read: true, write: true, manage: true },
  };
}

/** What the server's own settings keep from being collected. */
export const metricsDisabled: Problem = {
  code: 'METRICS_DISABLED',
  severity: 'error',
  message: 'Performance monitoring is switched off, so the server offers no metrics.',
  advice: 'Switch on Enable Performance Monitoring in Environment > Performance Monitoring.',
  link: '/admin_console/environment/performance_monitoring',
};

/** The last 60 scrapes, each a little longer or shorter than `durationMs`; those in `failed` failed. */
export function recentScrapes(
  newestMs: number,
  durationMs: number,
  failed: readonly number[],
): ScrapeOutcome[] {
  return Array.from({ length: 60 }, (_, i) => ({
    atMs: newestMs - (59 - i) * 15_000,
    isUp: !failed.includes(i),
    durationMs: Math.round(durationMs * (1 + 0.3 * Math.sin(i * 1.7) + 0.15 * Math.cos(i * 0.6))),
  }));
}

export function healthyTargets(nowMs: number): Target[] {
  return [
    {
      job: 'prometheus',
      instance: 'mattermost-1:8067',
      url: 'http://mattermost-1:8067/metrics',
      labels: {},
      state: 'up',
      lastScrapeMs: nowMs - 4_000,
      lastDurationMs: 38,
      lastSamples: 10_412,
      lastDropped: 0,
      rejected: { outOfOrder: 0, tooOld: 0, tooNew: 0, duplicates: 0, duplicateLines: 0 },
      recent: recentScrapes(nowMs - 4_000, 38, [17, 18]),
      lastError: null,
      gaps: [],
    },
    {
      job: 'node',
      instance: 'mattermost-1:9100',
      url: 'http://mattermost-1:9100/metrics',
      labels: {},
      state: 'up',
      lastScrapeMs: nowMs - 9_000,
      lastDurationMs: 12,
      lastSamples: 631,
      lastDropped: 0,
      rejected: { outOfOrder: 0, tooOld: 0, tooNew: 0, duplicates: 0, duplicateLines: 0 },
      recent: recentScrapes(nowMs - 9_000, 12, []),
      lastError: null,
      gaps: [],
    },
  ];
}

/** A dump that was asked for at `nowMs`. */
export function queuedDump(id: string, nowMs: number, from: number, to: number): Dump {
  return {
    id,
    state: 'queued',
    createdAtMs: nowMs,
    startedAtMs: null,
    finishedAtMs: null,
    expiresAtMs: null,
    createdBy: 'u'.repeat(26),
    node: 'mattermost-1',
    requested: { fromMs: from, toMs: to },
    filter: null,
    redaction: 'none',
    stepSeconds: 0,
    actual: null,
    progress: { percent: 0, phase: 'waiting' },
    samples: null,
    series: null,
    sizeBytes: null,
    fileName: '',
    sha256: '',
    warnings: [],
    error: null,
  };
}

/** The same deployment as a cluster of three, asked at a listener. */
export function clusterStatus(nowMs: number): Status {
  const node = (number: number, seenMs: number) => ({
    host: `mattermost-${String(number)}`,
    id: `${String(number)}q4x6z2a7b3d5f6h7j2k3v5c2m`,
    mode: number === 1 ? ('scraper' as const) : ('listener' as const),
    pluginVersion: '0.8.0',
    serverVersion: '11.1.0',
    restartedAtMs: nowMs - (31 + number) * HOUR,
    seenMs,
    isSelf: number === 2,
  });
  return {
    ...healthyStatus(nowMs),
    mode: 'listener',
    collector: { node: 'mattermost-1', sinceMs: nowMs - 31 * HOUR, epoch: 4 },
    nodes: [node(1, nowMs - 12_000), node(2, nowMs), node(3, nowMs - 48_000)],
    targets: { up: 6, total: 6 },
  };
}

/** Server and exporter of three nodes. */
export function clusterTargets(nowMs: number): Target[] {
  return [1, 2, 3].flatMap((number) =>
    healthyTargets(nowMs).map((target) => ({
      ...target,
      instance: target.instance.replace('-1:', `-${String(number)}:`),
      url: target.url.replace('-1:', `-${String(number)}:`),
    })),
  );
}

/** What a dump of that request would give away. */
export function previewOf(request: DumpRequest): DumpPreview {
  const isRedacted = request.redaction === 'hosts-and-ids';
  return {
    series: 11_043,
    metrics: [
      { name: 'mattermost_api_time_bucket', series: 5_412 },
      { name: 'mattermost_db_store_time_bucket', series: 3_978 },
      { name: 'node_cpu_seconds_total', series: 64 },
      { name: 'go_goroutines', series: 1 },
    ],
    labels: [
      { name: 'handler', values: 412, examples: ['getPing', 'createPost', 'getChannelStats'] },
      { name: 'le', values: 14, examples: ['0.005', '0.01', '+Inf'] },
      { name: 'instance', values: 2, examples: ['mattermost-1:8067', 'mattermost-1:9100'] },
      { name: 'server_id', values: 1, examples: ['k3v5c2m7q4x6z2a7b3d5f6h7j2'] },
    ],
    hosts: ['mattermost-1', 'db1.internal.example.com'],
    jobs: ['mattermost', 'node'],
    redacted: { hosts: isRedacted, labels: isRedacted ? ['instance', 'server_id'] : [] },
    isCut: false,
  };
}

/** What the status says after a save was refused for that reason. */
export function refusedSave(reason: string): Problem {
  return {
    code: 'SETTINGS_REFUSED',
    severity: 'warning',
    message: `The last save of the configuration was refused: ${reason}`,
    advice: 'Nothing of it was saved. Correct the value and save again.',
    link: '/admin_console/plugins/plugin_com.mattermost.mattermost-plugin-metrics',
  };
}
