import { dataSourceUid, viewerDirectory, type TextFile, type ViewerFacts } from './viewer-facts.ts';

/** Long-term releases; the dashboards are typed after this Grafana. */
const prometheusImage = 'prom/prometheus:v3.5.0';
const grafanaImage = 'grafana/grafana:12.1.0';

/** Prometheus shows a sample for so long when no newer one follows. */
const lookbackSeconds = 300;

/**
 * A compose file for Prometheus over the unpacked dump and a Grafana that shows it, with what both
 * read. Nothing is deleted or merged by retention or compaction, and only this machine can connect.
 */
export function composeFiles({ scrapeIntervalSeconds }: ViewerFacts): TextFile[] {
  const lookback = Math.max(lookbackSeconds, Math.ceil(2.5 * scrapeIntervalSeconds));
  return [
    { path: 'docker-compose.yml', content: composeFile(lookback) },
    { path: `${viewerDirectory}/prometheus.yml`, content: prometheusFile },
    {
      path: `${provisioning}/datasources/prometheus.yml`,
      content: dataSourceFile(scrapeIntervalSeconds),
    },
    {
      path: `${provisioning}/dashboards/boards.yml`,
      content: boardsFile,
    },
  ];
}

/**
 * All that this Grafana asks the internet for by itself: it reports its use, looks for new versions, news
 * and pictures of people, and fetches plugins at each start. None of them is needed, its data source for
 * Prometheus is built in; without a way out they fail into its log.
 */
const withoutInternet = {
  GF_ANALYTICS_REPORTING_ENABLED: 'false',
  GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
  GF_NEWS_NEWS_FEED_ENABLED: 'false',
  GF_PLUGINS_PREINSTALL_DISABLED: 'true',
  GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: 'true',
  GF_SECURITY_DISABLE_GRAVATAR: 'true',
  GF_SNAPSHOTS_EXTERNAL_ENABLED: 'false',
};

function environmentOf(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `      ${name}: '${value}'`)
    .join('\n');
}

// Beside these two Grafana looks for other directories, which its image has.
const provisioning = `${viewerDirectory}/grafana/provisioning`;

// Both run as root: Prometheus makes its lock and its WAL in a directory that belongs to whoever
// unpacked the archive, and Grafana reads files there that nobody else may where the umask says so. Equal block durations switch its compaction off.
const composeFile = (lookbackSeconds: number) => `# docker compose up
# Grafana: http://localhost:3000 (no login), Prometheus: http://localhost:9090
services:
  prometheus:
    image: ${prometheusImage}
    user: root
    command:
      - --config.file=/etc/prometheus/prometheus.yml
      - --storage.tsdb.path=/prometheus
      - --storage.tsdb.retention.time=100y
      - --storage.tsdb.min-block-duration=2h
      - --storage.tsdb.max-block-duration=2h
      - --query.lookback-delta=${String(lookbackSeconds)}s
    volumes:
      - .:/prometheus:z
      - ./${viewerDirectory}/prometheus.yml:/etc/prometheus/prometheus.yml:ro,z
    ports:
      - 127.0.0.1:9090:9090
  grafana:
    image: ${grafanaImage}
    user: root
    depends_on:
      - prometheus
    environment:
      GF_AUTH_ANONYMOUS_ENABLED: 'true'
      GF_AUTH_ANONYMOUS_ORG_ROLE: Editor
      GF_AUTH_DISABLE_LOGIN_FORM: 'true'
${environmentOf(withoutInternet)}
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: /boards/mattermost-performance.json
    volumes:
      - ./${provisioning}/datasources:/etc/grafana/provisioning/datasources:ro,z
      - ./${provisioning}/dashboards:/etc/grafana/provisioning/dashboards:ro,z
      - ./${viewerDirectory}/grafana/boards:/boards:ro,z
    ports:
      - 127.0.0.1:3000:3000
`;

const prometheusFile = `# Nothing is scraped: the data is what the dump holds.
global:
  scrape_interval: 1m
`;

const dataSourceFile = (scrapeIntervalSeconds: number) => `apiVersion: 1
datasources:
  - name: Mattermost metrics
    uid: ${dataSourceUid}
    type: prometheus
    access: proxy
    url: http://prometheus:9090
    isDefault: true
    jsonData:
      timeInterval: ${String(scrapeIntervalSeconds)}s
`;

const boardsFile = `apiVersion: 1
providers:
  - name: mattermost
    type: file
    allowUiUpdates: true
    options:
      path: /boards
`;
