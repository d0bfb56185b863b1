import {
  CounterMetric,
  defaultBuckets,
  FixedMetric,
  GaugeMetric,
  HistogramMetric,
  SummaryMetric,
  type LabelPairs,
  type Metric,
} from './exporter-metrics.ts';
import {
  apiLabels,
  cacheNames,
  clusterEvents,
  eventNames,
  hookLabels,
  pluginApiLabels,
  storeLabels,
} from './exporter-names.ts';

/** How many label sets of each kind a server has. */
export interface ExporterProfile {
  storeMethods: number;
  apiSets: number;
  hookSets: number;
  pluginApiSets: number;
  /** Label sets of the histograms that browsers report. */
  clientSets: number;
  /** Leaves only a handful of the families without label sets, for quick tests. */
  isSmall?: boolean;
}

/** The profiles of servers that we know; `mid` is an 11.x server of medium size. */
export const exporterProfiles = {
  /** Some 90 series. */
  small: {
    storeMethods: 2,
    apiSets: 2,
    hookSets: 1,
    pluginApiSets: 0,
    clientSets: 0,
    isSmall: true,
  },
  /** Some 2,800 series: a developer's server. */
  idle: { storeMethods: 120, apiSets: 25, hookSets: 10, pluginApiSets: 20, clientSets: 4 },
  /** Some 11,000 series in 1.3 MB. */
  mid: { storeMethods: 330, apiSets: 150, hookSets: 60, pluginApiSets: 150, clientSets: 64 },
} as const satisfies Record<string, ExporterProfile>;

export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram' | 'summary';
  metrics: Metric[];
}

/** Popularity of the `index`-th of many: few are busy, most are not. */
function share(index: number): number {
  return 1 / (index + 1) ** 0.7;
}

function histograms(
  name: string,
  help: string,
  sets: LabelPairs[],
  load: { perSecond: number; typical: number },
  buckets?: readonly number[],
): Family {
  const metrics = sets.map(
    (labels, index) =>
      new HistogramMetric(
        name,
        labels,
        {
          perSecond: load.perSecond * share(index),
          typical: load.typical * (1 + (index % 7) / 2),
        },
        buckets,
      ),
  );
  return { name, help, type: 'histogram', metrics };
}

function counters(name: string, help: string, sets: LabelPairs[], perSecond: number): Family {
  const metrics = sets.map(
    (labels, index) => new CounterMetric(name, labels, perSecond * share(index)),
  );
  return { name, help, type: 'counter', metrics };
}

function gauge(
  name: string,
  help: string,
  range: { min: number; max: number; spread: number },
  sets: LabelPairs[] = [[]],
): Family {
  const metrics = sets.map((labels) => new GaugeMetric(name, labels, range));
  return { name, help, type: 'gauge', metrics };
}

function valuesOf(label: string, values: readonly string[]): LabelPairs[] {
  return values.map((value) => [[label, value]]);
}

function indexed(count: number, labels: (index: number) => LabelPairs): LabelPairs[] {
  return Array.from({ length: count }, (_, index) => labels(index));
}

/** The families of a server, sorted by name as the client library writes them. */
export function buildFamilies(profile: ExporterProfile, startSeconds: () => number): Family[] {
  const families = [
    ...labelledFamilies(profile),
    ...serverFamilies(startSeconds),
    ...(profile.isSmall === true ? [] : [...runtimeFamilies(), ...smallFamilies()]),
  ].filter(({ metrics }) => metrics.length > 0);
  return families.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function labelledFamilies(profile: ExporterProfile): Family[] {
  return [
    histograms(
      'mattermost_db_store_time',
      'Time to execute the store method',
      indexed(profile.storeMethods, storeLabels),
      { perSecond: 90, typical: 0.004 },
    ),
    histograms(
      'mattermost_api_time',
      'Time to execute the api handler',
      indexed(profile.apiSets, apiLabels),
      { perSecond: 60, typical: 0.03 },
    ),
    histograms(
      'mattermost_plugin_hook_time',
      'Time to execute plugin hook handler in seconds.',
      indexed(profile.hookSets, hookLabels),
      { perSecond: 12, typical: 0.002 },
    ),
    histograms(
      'mattermost_plugin_api_time',
      'Time to execute plugin API handlers in seconds.',
      indexed(profile.pluginApiSets, pluginApiLabels),
      { perSecond: 20, typical: 0.003 },
    ),
    ...clientFamilies(profile.clientSets),
  ];
}

/** What browsers report, a number of label sets spread over its families. */
function clientFamilies(sets: number): Family[] {
  const names = [
    'webapp_channel_switch',
    'webapp_first_contentful_paint',
    'webapp_interaction_to_next_paint',
    'webapp_largest_contentful_paint',
    'webapp_page_load',
    'webapp_rhs_load',
    'webapp_team_switch',
    'webapp_time_to_first_byte',
  ];
  const platforms = ['linux', 'macos', 'windows', 'other'];
  const agents = ['desktop', 'chrome', 'firefox', 'safari'];
  const perFamily = Math.ceil(sets / names.length);
  const buckets = [...defaultBuckets, 15, 20];
  return names.map((name) =>
    histograms(
      `mattermost_${name}`,
      'Duration measured by the client in seconds.',
      indexed(perFamily, (index) => [
        ['agent', agents[Math.floor(index / platforms.length) % agents.length] ?? ''],
        ['platform', platforms[index % platforms.length] ?? ''],
        ['user_id', ''],
      ]),
      { perSecond: 0.6, typical: 0.4 },
      buckets,
    ),
  );
}

function serverFamilies(startSeconds: () => number): Family[] {
  return [
    {
      name: 'mattermost_system_server_start_time',
      help: 'The time the server started.',
      type: 'gauge',
      metrics: [new FixedMetric('mattermost_system_server_start_time', [], startSeconds)],
    },
    {
      name: 'mattermost_process_start_time_seconds',
      help: 'Start time of the process since unix epoch in seconds.',
      type: 'gauge',
      metrics: [new FixedMetric('mattermost_process_start_time_seconds', [], startSeconds)],
    },
    counters('mattermost_http_requests_total', 'Total number of http API requests.', [[]], 55),
    counters('mattermost_http_errors_total', 'Total number of http API errors.', [[]], 0.4),
    counters('mattermost_post_total', 'The total number of posts created.', [[]], 3.2),
    counters('mattermost_login_logins_total', 'Successful logins.', [[]], 0.05),
    gauge(
      'mattermost_http_websockets_total',
      'The total number of websocket connections.',
      { min: 300, max: 900, spread: 4 },
      valuesOf('origin_client', ['desktop', 'mobile', 'unknown', 'web']),
    ),
    gauge('go_goroutines', 'Number of goroutines that currently exist.', {
      min: 900,
      max: 2400,
      spread: 25,
    }),
    {
      name: 'mattermost_process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      metrics: [new CounterMetric('mattermost_process_cpu_seconds_total', [], 80, 0.01)],
    },
    gauge('mattermost_process_resident_memory_bytes', 'Resident memory size in bytes.', {
      min: 600_000_000,
      max: 900_000_000,
      spread: 4_000_000,
    }),
  ];
}

function runtimeFamilies(): Family[] {
  const databases = valuesOf('db_name', ['master', 'replica-0', 'replica-1']);
  const pool = { min: 2, max: 40, spread: 3 };
  const memory = { min: 50_000_000, max: 700_000_000, spread: 3_000_000 };
  const memstats = [
    'alloc_bytes',
    'buck_hash_sys_bytes',
    'gc_sys_bytes',
    'heap_alloc_bytes',
    'heap_idle_bytes',
    'heap_inuse_bytes',
    'heap_objects',
    'heap_released_bytes',
    'heap_sys_bytes',
    'mcache_inuse_bytes',
    'mcache_sys_bytes',
    'mspan_inuse_bytes',
    'mspan_sys_bytes',
    'next_gc_bytes',
    'other_sys_bytes',
    'stack_inuse_bytes',
    'stack_sys_bytes',
    'sys_bytes',
  ];
  const summary = 'go_gc_duration_seconds';
  return [
    {
      name: summary,
      help: 'A summary of the wall-time pause (stop-the-world) duration in garbage collection cycles.',
      type: 'summary',
      metrics: [new SummaryMetric(summary, [], 0.3)],
    },
    {
      name: 'go_info',
      help: 'Information about the Go environment.',
      type: 'gauge',
      metrics: [new FixedMetric('go_info', [['version', 'go1.25.1']], () => 1)],
    },
    gauge('go_threads', 'Number of OS threads created.', { min: 20, max: 60, spread: 1 }),
    ...memstats.map((name) =>
      gauge(`go_memstats_${name}`, `Memory statistic ${name.replaceAll('_', ' ')}.`, memory),
    ),
    counters('go_memstats_frees_total', 'Total number of frees.', [[]], 90_000),
    counters('go_memstats_mallocs_total', 'Total number of mallocs.', [[]], 90_010),
    ...['open', 'in_use', 'idle'].map((state) =>
      gauge(`go_sql_${state}_connections`, `Connections that are ${state}.`, pool, databases),
    ),
    gauge(
      'go_sql_max_open_connections',
      'Most connections.',
      { min: 300, max: 300, spread: 0 },
      databases,
    ),
    ...['wait_count', 'max_idle_closed', 'max_idle_time_closed', 'max_lifetime_closed'].map(
      (name) =>
        counters(
          `go_sql_${name}_total`,
          `Connections: ${name.replaceAll('_', ' ')}.`,
          databases,
          0.2,
        ),
    ),
    gauge('mattermost_process_open_fds', 'Number of open file descriptors.', {
      min: 400,
      max: 1200,
      spread: 12,
    }),
    gauge('mattermost_process_max_fds', 'Maximum number of open file descriptors.', {
      min: 65_536,
      max: 65_536,
      spread: 0,
    }),
  ];
}

function smallFamilies(): Family[] {
  const hubs = valuesOf(
    'hub',
    Array.from({ length: 16 }, (_, hub) => String(hub)),
  );
  const targets = valuesOf('target', ['_defAudit', '_defConsole', '_defFile', '_metrics']);
  const mobile = ['android', 'ios'].flatMap((platform) =>
    ['push', 'websocket', 'email'].map((type): LabelPairs => [
      ['platform', platform],
      ['type', type],
    ]),
  );
  const prefix = 'mattermost';
  return [
    counters(
      `${prefix}_cache_mem_hit_total`,
      'Memory cache hits',
      valuesOf('name', cacheNames),
      80,
    ),
    counters(
      `${prefix}_cache_mem_miss_total`,
      'Memory cache misses',
      valuesOf('name', cacheNames),
      6,
    ),
    counters(
      `${prefix}_cache_mem_invalidation_total`,
      'Memory cache invalidations',
      valuesOf('name', cacheNames),
      2,
    ),
    counters(
      `${prefix}_websocket_broadcasts_total`,
      'Broadcasts',
      valuesOf('name', eventNames),
      30,
    ),
    counters(`${prefix}_websocket_event_total`, 'Events', valuesOf('type', eventNames), 25),
    counters(
      `${prefix}_cluster_cluster_event_type_totals`,
      'Cluster events by type',
      valuesOf('name', clusterEvents),
      9,
    ),
    gauge(
      `${prefix}_websocket_broadcast_buffer_size`,
      'Events waiting',
      { min: 0, max: 9, spread: 2 },
      hubs,
    ),
    gauge(
      `${prefix}_websocket_broadcast_buffer_users_registered`,
      'Users registered',
      { min: 10, max: 80, spread: 2 },
      hubs,
    ),
    counters(`${prefix}_logging_logger_logged_total`, 'Log records', targets, 4),
    counters(`${prefix}_logging_logger_error_total`, 'Log errors', targets, 0.001),
    gauge(
      `${prefix}_logging_logger_queue_used`,
      'Log queue',
      { min: 0, max: 3, spread: 1 },
      targets,
    ),
    counters(`${prefix}_notifications_total`, 'Notifications', mobile, 2),
    counters(`${prefix}_notifications_total_ack`, 'Notifications acknowledged', mobile, 1.6),
    counters(`${prefix}_notifications_success`, 'Notifications sent', mobile, 1.9),
    gauge(`${prefix}_db_active_users`, 'Active users', { min: 4200, max: 4300, spread: 1 }),
    gauge(`${prefix}_db_master_connections_total`, 'Connections', { min: 5, max: 60, spread: 4 }),
    counters(`${prefix}_search_posts_searches_total`, 'Post searches', [[]], 0.7),
    histograms(`${prefix}_search_posts_searches_duration_seconds`, 'Post search time', [[]], {
      perSecond: 0.7,
      typical: 0.05,
    }),
    histograms(`${prefix}_cluster_cluster_request_duration_seconds`, 'Inter-node time', [[]], {
      perSecond: 3,
      typical: 0.004,
    }),
  ];
}
