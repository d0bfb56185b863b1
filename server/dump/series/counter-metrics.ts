import { labelValue, metricNameLabel, type Labels } from '../../../lib/tsdb/index.ts';
import type { MetricFacts } from '../ports.ts';

/** Types of metric families; more than one where targets differ. */
export type MetricTypes = Readonly<Record<string, readonly string[]>>;

/** The types out of what exporters say. */
export function metricTypes(
  metadata: Readonly<Record<string, readonly MetricFacts[]>>,
): MetricTypes {
  return Object.fromEntries(
    Object.entries(metadata).map(([family, facts]) => [family, facts.map(({ type }) => type)]),
  );
}

/** Endings of series by the type of their family: those of which the series are counters. */
const countersOf: Readonly<Record<string, readonly string[]>> = {
  // OpenMetrics names the family without its ending.
  counter: ['', '_total'],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};

/** All endings that a series may have behind the name of its family. */
const endings = ['_total', '_bucket', '_sum', '_count', '_created', '_gsum', '_gcount', '_info'];

const untold: readonly string[] = ['unknown', 'untyped', ''];

/** What a name says where no exporter does. */
const counterName = /_(?:total|bucket|sum|count)$/;

/**
 * Tells counters by what exporters say of their metrics, and by their names where they say nothing.
 * Of a metric that is a counter of one target and none of another, all series are counters.
 */
export function counterTest(types: MetricTypes): (labels: Labels) => boolean {
  const typesOf = new Map(Object.entries(types));
  // Series come in the order of their names.
  let last = { name: '', isCounter: false };
  return (labels) => {
    const name = labelValue(labels, metricNameLabel) ?? '';
    if (name !== last.name) last = { name, isCounter: isCounter(name, typesOf) };
    return last.isCounter;
  };
}

function isCounter(name: string, typesOf: ReadonlyMap<string, readonly string[]>): boolean {
  const ending = endings.find((text) => name.endsWith(text)) ?? '';
  const family = name.slice(0, name.length - ending.length);
  // A family may itself be named as a series of another: its own name comes first.
  const own = told(typesOf.get(name));
  if (own.length > 0) return own.some((type) => countersOf[type]?.includes('') === true);
  const outer = told(typesOf.get(family));
  if (outer.length > 0) return outer.some((type) => countersOf[type]?.includes(ending) === true);
  return counterName.test(name);
}

function told(types: readonly string[] = []): string[] {
  return types.filter((type) => !untold.includes(type));
}
