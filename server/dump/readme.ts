import { utcText } from './file-name.ts';
import type { TimeRange } from './selection.ts';

/** `README.md` of a dump: what it is and how to open it. */
export function dumpReadme(facts: {
  serverName: string;
  /** Times of the first and the last sample. */
  actual: TimeRange;
  warnings: readonly string[];
}): string {
  const { serverName, actual, warnings } = facts;
  const lines = [
    `# Metrics of ${serverName}`,
    '',
    `Samples from ${utcText(actual.fromMs)} to ${utcText(actual.toMs)}, as blocks of Prometheus.`,
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
    '    prometheus --config.file=viewer/prometheus.yml --storage.tsdb.path=. \\',
    '      --storage.tsdb.retention.time=100y',
    '',
    'Then open http://localhost:9090 and set the time range to the one above: the samples are not from',
    'now. Without the retention setting Prometheus deletes what is older than 15 days.',
    '',
    '### A Grafana that you have',
    '',
    'Add that Prometheus as a data source and import the files of `viewer/grafana/boards/`.',
    '',
    '### VictoriaMetrics, Thanos, Mimir',
    '',
    '    vmctl prometheus --prom-snapshot=. --vm-addr=http://localhost:8428',
    '    thanos tools bucket upload-blocks --path=. --objstore.config-file=bucket.yml \\',
    '      --label=\'cluster="mattermost"\'',
    '    mimirtool backfill --address=http://localhost:8080 --id=anonymous ./0*',
    '',
    '### Without any server',
    '',
    '    promtool tsdb list . && promtool tsdb analyze .',
    '',
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
