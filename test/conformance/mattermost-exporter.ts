import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Families = Readonly<Record<'gauge' | 'counter' | 'histogram', readonly string[]>>;

/** Those of a Mattermost server with a licence, of its Go runtime and its database pools. */
const serverFamilies: Families = {
  gauge: [
    'mattermost_websocket_broadcast_buffer_size{hub="0"}',
    'mattermost_http_websockets_total{origin_client="web"}',
    'mattermost_http_websockets_total{origin_client="mobile"}',
    'mattermost_db_master_connections_total',
    'mattermost_db_read_replica_connections_total',
    'mattermost_db_replica_lag_time{node="replica-1"}',
    'mattermost_cluster_cluster_health_score',
    'mattermost_jobs_active{type="export_process"}',
    'mattermost_process_resident_memory_bytes',
    'mattermost_process_open_fds',
    'mattermost_process_max_fds',
    'mattermost_process_start_time_seconds',
    'go_goroutines',
    'go_memstats_heap_inuse_bytes',
    'go_sched_gomaxprocs_threads',
    'go_sql_open_connections{db_name="master"}',
    'go_sql_in_use_connections{db_name="master"}',
    'go_sql_open_connections{db_name="replica-0"}',
    'go_sql_in_use_connections{db_name="replica-0"}',
  ],
  counter: [
    'mattermost_websocket_broadcasts_total{name="typing"}',
    'mattermost_websocket_broadcasts_total{name="posted"}',
    'mattermost_websocket_reconnects_total{type="success"}',
    'mattermost_websocket_event_total{type="ping"}',
    'mattermost_http_requests_total',
    'mattermost_http_errors_total',
    'mattermost_process_cpu_seconds_total',
    'mattermost_logging_logger_dropped_total{target="console"}',
    'mattermost_logging_logger_error_total{target="console"}',
    ...['master', 'replica-0'].flatMap((name) => [
      `go_sql_wait_count_total{db_name="${name}"}`,
      `go_sql_max_idle_closed_total{db_name="${name}"}`,
      `go_sql_max_idle_time_closed_total{db_name="${name}"}`,
    ]),
  ],
  histogram: [
    'mattermost_api_time{handler="createPost",method="POST",status_code="201"}',
    'mattermost_api_time{handler="getPostsForChannelAroundLastUnread",method="GET",status_code="200"}',
    'mattermost_db_store_time{method="PostStore.Save",success="true"}',
    'mattermost_cluster_cluster_request_duration_seconds{}',
    'mattermost_plugin_hook_time{plugin_id="com.example",hook_name="MessageHasBeenPosted",success="true"}',
  ],
};

/** Those of the Calls plugin, and one of its media service. */
const callsFamilies: Families = {
  gauge: [
    'mattermost_plugin_calls_rtc_sessions_total',
    'rtcd_rtc_rtp_tracks_total{direction="in",type="voice"}',
    'mattermost_plugin_calls_websocket_connections_total',
  ],
  counter: [
    'mattermost_plugin_calls_rtc_errors_total{type="ice"}',
    'mattermost_plugin_calls_websocket_events_total{direction="in",type="join"}',
  ],
  histogram: [
    'mattermost_plugin_calls_app_handlers_time{handler="start_call"}',
    'mattermost_plugin_calls_store_methods_time{method="CreateCall"}',
  ],
};

/**
 * Serves one series or histogram of every kind that the boards of a real server and of Calls ask for; all
 * values rise from scrape to scrape.
 */
export class MattermostExporter {
  scrapes = 0;
  #server: Server | undefined;

  async start(): Promise<number> {
    const server = createServer((request, response) => {
      const isServer = request.url === '/metrics';
      // Plugins are asked for metrics of their own at the same address; here none has any.
      if (!isServer && request.url !== '/calls') {
        response.writeHead(404).end();
        return;
      }
      if (isServer) this.scrapes++;
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(this.#exposition(isServer ? serverFamilies : callsFamilies));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #exposition(families: Families): string {
    const value = 100 + 7 * this.scrapes;
    const simple = (type: 'gauge' | 'counter') =>
      families[type].map((series) => `${series} ${String(value)}`);
    const histograms = this.#histograms(families.histogram, value);
    return [...simple('gauge'), ...simple('counter'), ...histograms, ''].join('\n');
  }

  #histograms(families: readonly string[], value: number): string[] {
    return families.flatMap((series) => {
      const [name = '', inner = ''] = series.replace('}', '').split('{');
      const labels = inner === '' ? '' : `${inner},`;
      const bucket = (le: string, count: number) =>
        `${name}_bucket{${labels}le="${le}"} ${String(count)}`;
      return [
        ...[bucket('0.1', value), bucket('1', 2 * value), bucket('+Inf', 2 * value)],
        `${name}_sum{${inner}} ${String(value / 4)}`,
        `${name}_count{${inner}} ${String(2 * value)}`,
      ];
    });
  }
}
