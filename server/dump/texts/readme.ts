import type { DumpFilter, DumpRedaction } from '../../../api/index.ts';
import { utcText } from '../utc-text.ts';
import type { TimeRange } from '../selection/index.ts';
import { dataSourceUid } from '../viewer/index.ts';

/** What a dump's `README.md` tells about it. */
export interface ReadmeFacts {
  serverName: string;
  /** Times of the first and the last sample. */
  actual: TimeRange;
  /** Longest time between two samples of a series, as a rule. */
  scrapeIntervalSeconds: number;
  filtered: DumpFilter | null;
  thinned: { stepSeconds: number } | null;
  redacted: DumpRedaction;
  warnings: readonly string[];
}

/** `README.md` of a dump: what it is, what was left out, and how to open it. */
export function dumpReadme(facts: ReadmeFacts): string {
  const { serverName, actual, warnings } = facts;
  const lines = [
    `# Metrics of ${serverName}`,
    '',
    `Samples from ${utcText(actual.fromMs)} to ${utcText(actual.toMs)}, as blocks of Prometheus.`,
    ...changes(facts),
    '',
    '## Open it',
    '',
    'Unpack it into a directory of its own:',
    '',
    '    mkdir dump && tar xzf mattermost-metrics_*.tar.gz -C dump && cd dump',
    '',
    '### With charts (Docker)',
    '',
    '    docker compose up',
    '',
    'Then open http://localhost:3000: Grafana shows the boards at the time of the dump, without login.',
    'Nothing leaves this machine, and the samples are not changed.',
    '',
    '### Prometheus alone',
    '',
    ...prometheusCommand(facts),
    '',
    'Then open a graph of `up` at the time of the dump: the samples are not from now, and a graph of now',
    'is empty.',
    '',
    `    ${graphAddress(actual)}`,
    '',
    'Without the retention setting Prometheus deletes what is older than 15 days; without those of the',
    'blocks it merges them into new ones.',
    '',
    '### A Grafana that you have',
    '',
    `Add that Prometheus as a data source with the uid \`${dataSourceUid}\`, which the boards name, and`,
    'import the files of `viewer/grafana/boards/`. The uid cannot be typed in; this sets it:',
    '',
    '    curl -u admin http://localhost:3000/api/datasources -H "Content-Type: application/json" \\',
    `      -d '{"name":"Mattermost metrics","uid":"${dataSourceUid}","type":"prometheus",`,
    '           "access":"proxy","url":"http://localhost:9090"}\'',
    '',
    '### VictoriaMetrics, Thanos, Mimir',
    '',
    '    vmctl prometheus --prom-snapshot=. --vm-addr=http://localhost:8428',
    '    thanos tools bucket upload-blocks --path=. --objstore.config-file=bucket.yml \\',
    '      --label=\'cluster="mattermost"\'',
    '    mimirtool backfill --address=http://localhost:8080 --id=anonymous ./0*',
    '',
    'VictoriaMetrics drops samples that are older than its retention, a month unless it is started with',
    'something like `-retentionPeriod=100y`; `vmctl` counts them as imported all the same. Mimir takes blocks',
    'from outside with `-compactor.block-upload-enabled=true` alone.',
    '',
    ...withoutServer,
    '## What is inside',
    '',
    '- `<ULID>/`: blocks of Prometheus with chunks, index, tombstones and meta.json.',
    '- `wal/`: empty; Prometheus expects it.',
    '- `manifest.json`: ranges, targets, gaps with their reasons, versions, SHA-256 of every file.',
    '- `metadata.yaml`: what a Mattermost support packet says of its origin.',
    '- `docker-compose.yml`, `viewer/`: Prometheus and Grafana, set up for this dump.',
  ];
  if (warnings.length > 0)
    lines.push('', '## Warnings', '', ...warnings.map((text) => `- ${text}`));
  return `${lines.join('\n')}\n`;
}

/** What can be asked of the unpacked files alone. */
const withoutServer = [
  '### Without any server',
  '',
  '    promtool tsdb list .',
  '    promtool tsdb dump --match=\'{__name__="up"}\' .',
  '',
  '`promtool tsdb analyze . <ULID>` tells which metrics and labels have the most series of a block.',
  '',
  '### Is it whole, and what is missing?',
  '',
  '    jq -r \'.files[] | "\\(.sha256)  \\(.path)"\' manifest.json | sha256sum -c',
  "    jq '.gaps, .warnings' manifest.json",
  '',
];

/** Samples can be rarer than Prometheus expects when it looks back for the newest one. */
function prometheusCommand({ scrapeIntervalSeconds }: ReadmeFacts): string[] {
  const lookback = lookbackSeconds(scrapeIntervalSeconds);
  return [
    '    prometheus --config.file=viewer/prometheus.yml --storage.tsdb.path=. \\',
    '      --storage.tsdb.retention.time=100y --web.listen-address=127.0.0.1:9090 \\',
    '      --storage.tsdb.min-block-duration=2h --storage.tsdb.max-block-duration=2h' +
      (lookback === 0 ? '' : ' \\'),
    ...(lookback === 0 ? [] : [`      --query.lookback-delta=${String(lookback)}s`]),
  ];
}

/** A graph of Prometheus over the whole range. */
function graphAddress({ fromMs, toMs }: TimeRange): string {
  const end = new Date(toMs).toISOString().slice(0, 19).replace('T', '%20');
  const minutes = Math.max(1, Math.ceil((toMs - fromMs) / 60_000));
  return `http://localhost:9090/graph?g0.expr=up&g0.tab=0&g0.range_input=${String(minutes)}m&g0.end_input=${end}`;
}

/** How far queries have to look back; 0 when what Prometheus does by itself is enough. */
function lookbackSeconds(intervalSeconds: number): number {
  const seconds = Math.ceil(2.5 * intervalSeconds);
  return seconds > 300 ? seconds : 0;
}

/** What of the samples of its range is not in the dump, or not as it was, and what follows from it. */
function changes({ filtered, redacted, thinned }: ReadmeFacts): string[] {
  const parts = [
    ...(filtered === null ? [] : filterText(filtered)),
    ...(thinned === null ? [] : thinningText(thinned.stepSeconds)),
    ...(redacted === 'none' ? [] : redactionText),
  ];
  return parts.length === 0 ? [] : ['', '## What was left out or changed', ...parts];
}

function filterText({ jobs, metrics, nodes }: DumpFilter): string[] {
  const list = (kind: string, entries: readonly string[]) =>
    entries.length === 0 ? [] : [`- ${kind}: ${entries.map((text) => `\`${text}\``).join(', ')}`];
  return [
    '',
    'Only some series are in it, those that fit one entry of each line. A panel or a query that is',
    'empty may be so because its series were not asked for.',
    '',
    ...[...list('nodes', nodes), ...list('jobs', jobs), ...list('metrics', metrics)],
  ];
}

function thinningText(stepSeconds: number): string[] {
  const step = `${String(stepSeconds)} s`;
  return [
    '',
    `It is thinned: of every series the newest sample of each ${step} is in it, with the time and the`,
    'value that were collected, not a mean.',
    '',
    '- Counters are right: resets inside a step and staleness markers are kept. Use windows of at least',
    `  two steps, better four: \`rate(x[${String(4 * stepSeconds)}s])\`.`,
    `- Gauges: a peak or a dip of less than ${step} may be missing; \`max_over_time\` and \`avg_over_time\``,
    '  see one sample per step.',
    '- `count_over_time`, `changes` and the like count what is there, not what was scraped.',
  ];
}

const redactionText = [
  '',
  'It is redacted: names of hosts, addresses and ids are aliases (`host-…`, 26 hex digits). The same',
  'name has the same alias in every dump of this installation, so dumps can be compared; whoever made',
  'the dump has a list of what the aliases stand for.',
];
