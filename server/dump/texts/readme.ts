import { utcText } from '../utc-text.ts';
import { readmeChanges } from './readme-changes.ts';
import type { ReadmeFacts } from './readme-facts.ts';
import { readmeOpening } from './readme-opening.ts';

/** `README.md` of a dump: what it is, what was left out, and how to open it. */
export function dumpReadme(facts: ReadmeFacts): string {
  const { serverName, actual, warnings } = facts;
  const lines = [
    `# Metrics of ${serverName}`,
    '',
    `Samples from ${utcText(actual.fromMs)} to ${utcText(actual.toMs)}, as blocks of Prometheus.`,
    ...readmeChanges(facts),
    '',
    ...readmeOpening(facts),
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
