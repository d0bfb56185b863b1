import type { PanelQuery } from './panel.ts';

/**
 * The 99th and the 50th percentile of a histogram of durations, by node. `matchers` narrow the
 * histogram further and begin with a comma.
 */
export function percentilesByNode(histogram: string, matchers = ''): PanelQuery[] {
  const buckets = `sum by (instance, le) (rate(${histogram}_bucket{$selector${matchers}}[$window]))`;
  return [
    { expression: `histogram_quantile(0.99, ${buckets})`, legend: 'p99 {{instance}}' },
    { expression: `histogram_quantile(0.50, ${buckets})`, legend: 'p50 {{instance}}' },
  ];
}

/** How often something happens per second, by node and in all. */
export function rateByNode(counter: string): PanelQuery[] {
  const rate = `rate(${counter}{$selector}[$window])`;
  return [
    { expression: `sum by (instance) (${rate})`, legend: '{{instance}}' },
    { expression: `sum(${rate})`, legend: 'Total' },
  ];
}

/** A gauge by node and in all. */
export function gaugeByNode(gauge: string): PanelQuery[] {
  return [
    { expression: `sum by (instance) (${gauge}{$selector})`, legend: '{{instance}}' },
    { expression: `sum(${gauge}{$selector})`, legend: 'Total' },
  ];
}

/** The ten most frequent values of a label of a histogram: events within the window. */
export function topByCount(histogram: string, label: string): PanelQuery[] {
  const count = `increase(${histogram}_count{$selector}[$window])`;
  return [{ expression: `topk(10, sum by (${label}) (${count}))`, legend: `{{${label}}}` }];
}

/** The ten values of some labels with the longest mean duration within the window. */
export function topByMeanDuration(histogram: string, ...labels: string[]): PanelQuery[] {
  const by = labels.join(', ');
  const sum = `sum by (${by}) (increase(${histogram}_sum{$selector}[$window]))`;
  const count = `sum by (${by}) (increase(${histogram}_count{$selector}[$window]))`;
  // Without the filter what was not called in the window would be 0/0, and NaN takes a place.
  const expression = `topk(10, ${sum} / (${count} > 0))`;
  return [{ expression, legend: labels.map((label) => `{{${label}}}`).join(' ') }];
}
