import type { Board, Panel } from './panel.ts';
import {
  gaugeByNode,
  percentilesByNode,
  rateByNode,
  topByCount,
  topByMeanDuration,
} from './queries.ts';
import { websocketPanels } from './websocket-panels.ts';

const application: Panel[] = [
  {
    id: 'http-requests',
    title: 'HTTP requests per second',
    help: 'Requests of the REST API, by node. Nodes behind a load balancer should be alike.',
    unit: 'reqps',
    windowSeconds: 60,
    queries: rateByNode('mattermost_http_requests_total'),
  },
  {
    id: 'http-errors',
    title: 'HTTP errors per second',
    help: 'Answers with a status of 400 and above, by node.',
    unit: 'reqps',
    windowSeconds: 300,
    queries: rateByNode('mattermost_http_errors_total'),
  },
  {
    id: 'api-status',
    title: 'API answers by status',
    help: 'Answers per second by HTTP status code. 5xx are faults of the server, 4xx mostly of clients.',
    unit: 'reqps',
    windowSeconds: 300,
    queries: [
      {
        expression: 'sum by (status_code) (rate(mattermost_api_time_count{$selector}[$window]))',
        legend: '{{status_code}}',
      },
    ],
  },
  {
    id: 'db-calls',
    title: 'Database calls per second',
    help: 'Calls of the store layer, by node.',
    unit: 'reqps',
    windowSeconds: 300,
    queries: rateByNode('mattermost_db_store_time_count'),
  },
  {
    id: 'api-latency',
    title: 'API latency',
    help: 'Time that requests took: half of them less than p50, all but one in a hundred less than p99.',
    unit: 's',
    isLogarithmic: true,
    windowSeconds: 60,
    queries: percentilesByNode('mattermost_api_time'),
  },
  {
    id: 'store-latency',
    title: 'Store latency',
    help: 'Time that calls of the store layer took. When it rises together with the API latency, look at the database.',
    unit: 's',
    isLogarithmic: true,
    windowSeconds: 60,
    queries: percentilesByNode('mattermost_db_store_time'),
  },
  {
    id: 'top-db-calls',
    title: 'Top 10 database calls by count',
    help: 'The most frequent calls of the store layer within the window.',
    unit: 'short',
    hasTable: true,
    windowSeconds: 300,
    queries: topByCount('mattermost_db_store_time', 'method'),
  },
  {
    id: 'top-api-requests',
    title: 'Top 10 API requests by count',
    help: 'The most frequent handlers of the REST API within the window.',
    unit: 'short',
    hasTable: true,
    windowSeconds: 300,
    queries: topByCount('mattermost_api_time', 'handler'),
  },
  {
    id: 'slowest-db-calls',
    title: 'Top 10 database calls by duration',
    help: 'The calls of the store layer with the longest mean time.',
    unit: 's',
    hasTable: true,
    windowSeconds: 300,
    queries: topByMeanDuration('mattermost_db_store_time', 'method'),
  },
  {
    id: 'slowest-api-requests',
    title: 'Top 10 API requests by duration',
    help: 'The handlers of the REST API with the longest mean time.',
    unit: 's',
    hasTable: true,
    windowSeconds: 300,
    queries: topByMeanDuration('mattermost_api_time', 'handler'),
  },
  {
    id: 'channel-load',
    title: 'Channel load duration',
    help: 'Time to fetch the posts of a channel around the last unread one: what users feel when they open a channel.',
    unit: 's',
    isLogarithmic: true,
    windowSeconds: 300,
    queries: percentilesByNode(
      'mattermost_api_time',
      ',handler="getPostsForChannelAroundLastUnread"',
    ),
  },
  {
    id: 'create-post',
    title: 'Create post duration',
    help: 'Time to store a new post: what users feel when they send a message.',
    unit: 's',
    isLogarithmic: true,
    windowSeconds: 300,
    queries: percentilesByNode('mattermost_api_time', ',handler="createPost"'),
  },
  {
    id: 'connected-devices',
    title: 'Connected devices',
    help: 'Open websocket connections, by node and by kind of client.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      ...gaugeByNode('mattermost_http_websockets_total'),
      {
        expression: 'sum by (origin_client) (mattermost_http_websockets_total{$selector})',
        legend: 'Total {{origin_client}}',
      },
    ],
  },
];

function pool(title: string, id: string, name: string): Panel {
  const of = (metric: string) => `sum(${metric}{$selector,${name}})`;
  const rateOf = (metric: string) => `sum(rate(${metric}{$selector,${name}}[$window]))`;
  return {
    id,
    title,
    help: 'Connections to the database that are open and in use. A rising wait count means that the pool is too small or the database too slow.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      { expression: of('go_sql_open_connections'), legend: 'open' },
      { expression: of('go_sql_in_use_connections'), legend: 'in use' },
      { expression: rateOf('go_sql_wait_count_total'), legend: 'waits per second' },
      {
        expression: rateOf('go_sql_max_idle_closed_total'),
        legend: 'closed as too many idle, per second',
      },
      {
        expression: rateOf('go_sql_max_idle_time_closed_total'),
        legend: 'closed as idle too long, per second',
      },
    ],
  };
}

const database: Panel[] = [
  {
    id: 'db-connections',
    title: 'Database connections',
    help: 'Open connections to the primary and to the read replicas, of all chosen nodes.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      { expression: 'sum(mattermost_db_master_connections_total{$selector})', legend: 'primary' },
      {
        expression: 'sum(mattermost_db_read_replica_connections_total{$selector})',
        legend: 'replica',
      },
    ],
  },
  pool('Connection pool (replica)', 'pool-replica', 'db_name=~"replica.*"'),
  pool('Connection pool (primary)', 'pool-primary', 'db_name="master"'),
  {
    id: 'replica-lag',
    title: 'Replica lag',
    help: 'How far a read replica is behind the primary. Needs ReplicaLagSettings in the configuration; empty without.',
    unit: 'none',
    windowSeconds: 300,
    queries: [
      { expression: 'mattermost_db_replica_lag_time{$selector}', legend: '{{instance}} {{node}}' },
    ],
  },
];

const cluster: Panel[] = [
  {
    id: 'cluster-health',
    title: 'Cluster health',
    help: 'The health score of each node: 0 is good, a rise means that messages between nodes get lost or late.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      { expression: 'mattermost_cluster_cluster_health_score{$selector}', legend: '{{instance}}' },
    ],
  },
  {
    id: 'cluster-request-duration',
    title: 'Cluster request duration',
    help: 'Time that requests between nodes took.',
    unit: 's',
    windowSeconds: 300,
    queries: percentilesByNode('mattermost_cluster_cluster_request_duration_seconds'),
  },
  {
    id: 'cluster-requests',
    title: 'Cluster requests per second',
    help: 'Requests between nodes.',
    unit: 'reqps',
    windowSeconds: 300,
    queries: rateByNode('mattermost_cluster_cluster_request_duration_seconds_count'),
  },
];

const jobsAndPlugins: Panel[] = [
  {
    id: 'active-jobs',
    title: 'Active jobs',
    help: 'Background jobs that run, by kind: look here when load rises without users.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      {
        expression: 'sum by (instance, type) (mattermost_jobs_active{$selector})',
        legend: '{{type}} {{instance}}',
      },
    ],
  },
  {
    id: 'slowest-plugin-hooks',
    title: 'Top 10 plugin hooks by duration',
    help: 'The plugins whose hooks take longest on average; a slow hook delays what users do.',
    unit: 's',
    hasTable: true,
    windowSeconds: 300,
    queries: topByMeanDuration('mattermost_plugin_hook_time', 'plugin_id', 'hook_name'),
  },
  {
    id: 'log-losses',
    title: 'Log records lost or failed',
    help: 'Records per second that a log target dropped or failed to write. Should be 0.',
    unit: 'short',
    windowSeconds: 300,
    queries: [
      {
        expression:
          'sum by (target) (rate(mattermost_logging_logger_dropped_total{$selector}[$window]))',
        legend: 'dropped {{target}}',
      },
      {
        expression:
          'sum by (target) (rate(mattermost_logging_logger_error_total{$selector}[$window]))',
        legend: 'failed {{target}}',
      },
    ],
  },
];

const system: Panel[] = [
  {
    id: 'cpu',
    title: 'CPU cores used',
    help: 'Cores that the server process keeps busy; compare with GOMAXPROCS, the cores that it may use.',
    unit: 'short',
    windowSeconds: 60,
    queries: [
      {
        expression: 'rate(mattermost_process_cpu_seconds_total{$selector}[$window])',
        legend: '{{instance}}',
      },
      { expression: 'go_sched_gomaxprocs_threads{$selector}', legend: 'GOMAXPROCS {{instance}}' },
    ],
  },
  {
    id: 'memory',
    title: 'Resident memory',
    help: 'Memory that the server process has from the operating system.',
    unit: 'bytes',
    windowSeconds: 300,
    queries: [
      { expression: 'mattermost_process_resident_memory_bytes{$selector}', legend: '{{instance}}' },
    ],
  },
  {
    id: 'heap',
    title: 'Heap in use',
    help: 'Memory of live and not yet collected objects. A saw tooth is normal, a floor that rises for hours is a leak.',
    unit: 'bytes',
    windowSeconds: 300,
    queries: [{ expression: 'go_memstats_heap_inuse_bytes{$selector}', legend: '{{instance}}' }],
  },
  {
    id: 'goroutines',
    title: 'Goroutines',
    help: 'Tasks inside the server process. They follow the number of connections; a rise without end is a leak.',
    unit: 'short',
    windowSeconds: 300,
    queries: gaugeByNode('go_goroutines'),
  },
  {
    id: 'open-files',
    title: 'Open file descriptors',
    help: 'Part of the descriptors that the process may open. Near 1, connections are refused.',
    unit: 'percentunit',
    windowSeconds: 300,
    queries: [
      {
        expression:
          'mattermost_process_open_fds{$selector} / mattermost_process_max_fds{$selector}',
        legend: '{{instance}}',
      },
    ],
  },
  {
    id: 'uptime',
    title: 'Time since start',
    help: 'Falls to 0 when a node restarts.',
    unit: 's',
    windowSeconds: 300,
    queries: [
      {
        expression: 'time() - mattermost_process_start_time_seconds{$selector}',
        legend: '{{instance}}',
      },
    ],
  },
];

/** The panels of "Mattermost Performance Monitoring v2", with its faults mended, and some more. */
export const serverBoard: Board = {
  id: 'mattermost-performance',
  title: 'Mattermost performance',
  jobs: ['prometheus'],
  nodesMetric: 'mattermost_http_requests_total',
  sections: [
    { title: 'Application', panels: application },
    { title: 'Websockets', panels: websocketPanels },
    { title: 'Database', panels: database },
    { title: 'Cluster', panels: cluster },
    { title: 'Jobs, plugins and logs', panels: jobsAndPlugins },
    { title: 'System', panels: system },
  ],
};
