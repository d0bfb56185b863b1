import { compareUtf8 } from '../bytes/index.ts';

/**
 * The labels of one series as a flat list `[name, value, name, value, …]`, sorted by name in byte
 * order, without empty values; the metric name is the label `__name__`. Flat, because there are
 * as many of these lists as there are series.
 */
export type Labels = readonly string[];

/** The label that holds the metric name. */
export const metricNameLabel = '__name__';

/** Labels from any list of pairs: sorts by name and leaves out empty values. */
export function labelsFrom(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  const sorted = [...pairs].filter(([, value]) => value !== '');
  sorted.sort(([a], [b]) => compareUtf8(a, b));
  return sorted.flat();
}

/** Value of one label, or undefined when the series does not have it. */
export function labelValue(labels: Labels, name: string): string | undefined {
  for (let at = 0; at < labels.length; at += 2) if (labels[at] === name) return labels[at + 1];
  return undefined;
}

/** Order of label sets as Prometheus defines it: pairwise name, then value; a prefix comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const order = compareUtf8(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
