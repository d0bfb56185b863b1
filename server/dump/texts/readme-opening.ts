import type { TimeRange } from '../selection/index.ts';
import { dataSourceUid } from '../viewer/index.ts';
import type { ReadmeFacts } from './readme-facts.ts';

/** How to open a dump with each of the programs that can. */
export function readmeOpening(facts: ReadmeFacts): string[] {
  return [
    '## Open it',
    '',
    'Unpack it into a directory of its own:',
    '',
    '    mkdir dump && tar xzf mattermost-metrics_*.tar.gz -C dump && cd dump',
    '',
    ...withDocker,
    ...prometheusAlone(facts),
    ...ownGrafana,
    ...otherStores,
    ...withoutServer,
  ];
}

const withDocker = [
  '### With charts (Docker)',
  '',
  '    docker compose up',
  '',
  'Then open http://localhost:3000: Grafana shows the boards at the time of the dump, without login.',
  'Nothing leaves this machine, and the samples are not changed.',
  '',
];

function prometheusAlone(facts: ReadmeFacts): string[] {
  return [
    '### Prometheus alone',
    '',
    ...prometheusCommand(facts),
    '',
    'Then open a graph of `up` at the time of the dump: the samples are not from now, and a graph of now',
    'is empty.',
    '',
    `    ${graphAddress(facts.actual)}`,
    '',
    'Without the retention setting Prometheus deletes what is older than 15 days; without those of the',
    'blocks it merges them into new ones.',
    '',
  ];
}

const ownGrafana = [
  '### A Grafana that you have',
  '',
  `Add that Prometheus as a data source with the uid \`${dataSourceUid}\`, which the boards name, and`,
  'import the files of `viewer/grafana/boards/`. The uid cannot be typed in; this sets it:',
  '',
  '    curl -u admin http://localhost:3000/api/datasources -H "Content-Type: application/json" \\',
  `      -d '{"name":"Mattermost metrics","uid":"${dataSourceUid}","type":"prometheus",`,
  '           "access":"proxy","url":"http://localhost:9090"}\'',
  '',
];

const otherStores = [
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
];

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
  "    jq -r '.warnings[]' manifest.json",
  '    jq -r \'def utc: if . then . / 1000 | floor | todate else "lasts" end;',
  '      (.gaps + .collectorChanges)[] | [(.fromMs | utc), (.toMs | utc), .instance, .job, .reason, .message]',
  "      | @tsv' manifest.json | sort",
  '',
  'The last one lists what was not collected, when, from which target and why, and when another node began',
  'to collect: look there first for the time and the node you are asked about. All times are UTC.',
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
