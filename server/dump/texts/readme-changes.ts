import type { DumpFilter } from '../../../api/index.ts';
import type { ReadmeFacts } from './readme-facts.ts';

/** What of the samples of its range is not in the dump, or not as it was, and what follows from it. */
export function readmeChanges({ filtered, redacted, thinned }: ReadmeFacts): string[] {
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
