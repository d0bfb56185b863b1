import { say, type DumpFilter, type KnownSentence } from '../../../api/index.ts';
import { labelValue, metricNameLabel, type Labels } from '../../../lib/tsdb/index.ts';
import { globOf, matchesGlob, type Glob } from '../../settings/index.ts';
import { DumpError } from '../errors.ts';
import { maxFilterBytes, maxFilterEntries, maxFilterEntryChars } from '../limits.ts';

const kinds = ['nodes', 'jobs', 'metrics'] as const;

/** Names and globs are printable and of one line; a comma or a brace is never part of a metric's name. */
const entryShapes = {
  nodes: /^[^\p{C}\s]+$/u,
  jobs: /^[^\p{C}]+$/u,
  metrics: /^[^\p{C}\s{}",]+$/u,
} as const;

/**
 * The filter that a request asks for, or null when it asks for everything: lists that are absent or
 * empty leave nothing out. Throws `DUMP_FILTER_INVALID` with what is wrong.
 */
export function parseFilter(body: unknown): DumpFilter | null {
  const from = (body ?? {}) as Readonly<Record<string, unknown>>;
  const filter: DumpFilter = { nodes: [], jobs: [], metrics: [] };
  for (const kind of kinds) filter[kind] = parseList(kind, from[kind]);
  if (kinds.every((kind) => filter[kind].length === 0)) return null;
  if (Buffer.byteLength(JSON.stringify(filter)) > maxFilterBytes) {
    refuse(say('dump.filter.bytes', { limitBytes: maxFilterBytes }));
  }
  return filter;
}

function parseList(kind: (typeof kinds)[number], value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) refuse(say('dump.filter.no-list', { list: kind }));
  if (value.length > maxFilterEntries) {
    refuse(say('dump.filter.entries', { list: kind, limitCount: maxFilterEntries }));
  }
  const entries = value.map((entry: unknown, at) => {
    const isFine =
      typeof entry === 'string' &&
      entry.length <= maxFilterEntryChars &&
      entryShapes[kind].test(entry);
    if (!isFine) {
      const place = { entry: String(at + 1), list: kind };
      refuse(say('dump.filter.entry', { ...place, limitCount: maxFilterEntryChars }));
    }
    return entry;
  });
  return [...new Set(entries)];
}

function refuse(reason: KnownSentence): never {
  throw new DumpError('DUMP_FILTER_INVALID', say('dump.filter', { reason }));
}

/** Which values of one label belong into a dump. */
export interface ValueTest {
  label: string;
  fits: (value: string) => boolean;
}

/** One test for each list that is not empty; a series belongs into the dump when it passes all. */
export function valueTests({ jobs, metrics, nodes }: DumpFilter): ValueTest[] {
  const globs = metrics.map(globOf);
  const hosts = new Set(nodes.map((name) => name.toLowerCase()));
  const jobNames = new Set(jobs);
  const tests: ValueTest[] = [
    { label: 'job', fits: (value) => jobNames.has(value) },
    { label: 'instance', fits: (value) => isOfNode(value, hosts) },
    { label: metricNameLabel, fits: (value) => fitsOne(globs, value) },
  ];
  return tests.filter((_, at) => [jobNames.size, hosts.size, globs.length][at] !== 0);
}

/** Whether a series belongs into a dump with this filter: it must fit one entry of each list. */
export function seriesFilter(filter: DumpFilter): (labels: Labels) => boolean {
  const tests = valueTests(filter);
  return (labels) => tests.every(({ fits, label }) => fits(labelValue(labels, label) ?? ''));
}

function fitsOne(globs: readonly Glob[], name: string): boolean {
  return globs.some((glob) => matchesGlob(glob, name));
}

function isOfNode(instance: string, hosts: ReadonlySet<string>): boolean {
  const name = instance.toLowerCase();
  return hosts.has(name) || hosts.has(hostOf(name));
}

/** The host of an instance: without its port, and without the brackets of an IPv6 address. */
export function hostOf(instance: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(instance);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return /^([^:]*):\d+$/.exec(instance)?.[1] ?? instance;
}
