import type { Dump, DumpChoices, DumpRequest, Target } from '../../../../api/index.ts';
import { resolveRange, type RangeChoice } from './ranges.ts';

/** Which series of a range a dump holds, and how; lists that are empty leave nothing out. */
export interface DumpOptions {
  /** Hosts, as targets name them. */
  nodes: string[];
  jobs: string[];
  /** Names of metrics as they were typed, separated by lines, blanks or commas. */
  metrics: string;
  /** One sample per series and step of so many seconds; 0 keeps every sample. */
  stepSeconds: number;
  /** Whether hosts and ids are replaced by aliases. */
  isRedacted: boolean;
}

/** Everything, as it was collected. */
export const plainOptions: DumpOptions = {
  nodes: [],
  jobs: [],
  metrics: '',
  stepSeconds: 0,
  isRedacted: false,
};

/** Steps to choose from, in seconds; 0 is every sample. */
export const steps = [0, 60, 300, 900] as const;

/** What somebody asked for, so that it can be asked for again. */
export interface DumpChoice {
  range: RangeChoice;
  options: DumpOptions;
}

/** The names and patterns of a text, each once. */
export function metricPatterns(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((pattern) => pattern !== ''))];
}

/** What is asked of the API; options that leave everything as it is are not in it. */
export function dumpRequest({ range, options }: DumpChoice, nowMs: number): DumpRequest {
  const metrics = metricPatterns(options.metrics);
  return {
    ...resolveRange(range, nowMs),
    ...(options.nodes.length > 0 && { nodes: options.nodes }),
    ...(options.jobs.length > 0 && { jobs: options.jobs }),
    ...(metrics.length > 0 && { metrics }),
    ...(options.stepSeconds > 0 && { stepSeconds: options.stepSeconds }),
    ...(options.isRedacted && { redaction: 'hosts-and-ids' as const }),
  };
}

/** What a dump that exists, or one that is being chosen, leaves out or changes. */
export interface OptionNotesOf {
  nodes: string[];
  jobs: string[];
  metrics: string[];
  stepSeconds: number;
  isRedacted: boolean;
}

export function notesOfOptions(options: DumpOptions): OptionNotesOf {
  return { ...options, metrics: metricPatterns(options.metrics) };
}

export function notesOfDump({ filter, redaction, stepSeconds }: Dump): OptionNotesOf {
  const { nodes = [], jobs = [], metrics = [] } = filter ?? {};
  return { nodes, jobs, metrics, stepSeconds, isRedacted: redaction !== 'none' };
}

/** What there is to choose from. */
export interface KnownTargets {
  hosts: string[];
  jobs: string[];
}

export function knownTargets(targets: readonly Target[]): KnownTargets {
  const scraped = targets.filter(({ state }) => state !== 'absent');
  return {
    hosts: sortedOnce(scraped.map(({ instance }) => hostOf(instance))),
    jobs: sortedOnce(scraped.map(({ job }) => job)),
  };
}

/** A name to choose. */
export interface Choosable {
  name: string;
  /** There are data of it, but it is not collected any more. */
  isGone: boolean;
}

/**
 * What can be chosen of one kind: what the server has in the range, or what is collected now while that is
 * not known; both when the server could not look at everything. What is chosen stays, to be given up.
 */
export function choosable(
  kind: 'hosts' | 'jobs',
  known: KnownTargets,
  stored: DumpChoices | null,
  chosen: readonly string[],
): Choosable[] {
  const present = known[kind];
  const found = stored?.[kind] ?? [];
  const isWhole = found.length > 0 && stored?.isCut === false;
  const names = sortedOnce([...(isWhole ? found : [...found, ...present]), ...chosen]);
  return names.map((name) => ({ name, isGone: present.length > 0 && !present.includes(name) }));
}

/** An instance without its port, and without the brackets of an IPv6 address. */
function hostOf(instance: string): string {
  return (
    /^\[([^\]]*)\](?::\d+)?$/.exec(instance)?.[1] ?? /^([^:]*):\d+$/.exec(instance)?.[1] ?? instance
  );
}

function sortedOnce(names: string[]): string[] {
  return [...new Set(names)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
