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
    '    mkdir dump && tar xzf mattermost-metrics_*.tar.gz -C dump',
    '    prometheus --config.file=/dev/null --storage.tsdb.path=dump \\',
    '      --storage.tsdb.retention.time=10y',
    '',
    'Then open http://localhost:9090, or add that address to Grafana as a Prometheus data source.',
    'Set the time range to the one above: the samples are not from now. Without the retention',
    'setting Prometheus deletes what is older than 15 days.',
    '',
    'To look without a server: `promtool tsdb list dump`, `promtool tsdb analyze dump`.',
    '',
    '## What is inside',
    '',
    '- `<ULID>/`: blocks with chunks, index, tombstones and meta.json.',
    '- `wal/`: empty; Prometheus expects it.',
    '- `manifest.json`: ranges, targets, gaps with their reasons, versions, SHA-256 of every file.',
    '- `metadata.yaml`: what a Mattermost support packet says of its origin.',
  ];
  if (warnings.length > 0)
    lines.push('', '## Warnings', '', ...warnings.map((text) => `- ${text}`));
  return `${lines.join('\n')}\n`;
}
