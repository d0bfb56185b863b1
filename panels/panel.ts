/** What the numbers of a panel are; names of Grafana's units, which charts of our own use as well. */
export type Unit = 'short' | 's' | 'reqps' | 'decbytes' | 'bytes' | 'Bps' | 'percentunit' | 'none';

/** One expression of a panel and how each of its series is named. */
export interface PanelQuery {
  /**
   * PromQL with two placeholders: `$selector` stands inside braces where the chosen nodes are
   * filled in, `$window` inside brackets for the range of a rate.
   */
  expression: string;
  /** Text with `{{label}}` where a label's value goes. */
  legend: string;
}

/** One chart: what it shows and how to read it. */
export interface Panel {
  /** Stable, lower case with hyphens; unique on its board. */
  id: string;
  title: string;
  /** One or two sentences for somebody who sees the chart for the first time. */
  help: string;
  unit: Unit;
  /** Axis by powers of two, for latencies. */
  isLogarithmic?: boolean;
  /** Has last, mean and maximum beside each name: for charts with many series. */
  hasTable?: boolean;
  /** Range of the rates when samples are dense enough, seconds. */
  windowSeconds: number;
  queries: readonly PanelQuery[];
}

/** Panels that belong together. */
export interface Section {
  title: string;
  panels: readonly Panel[];
}

/** A page of panels over the targets of some jobs. */
export interface Board {
  /** Stable, lower case with hyphens. */
  id: string;
  title: string;
  /** Values of the label `job` whose targets the board is about. */
  jobs: readonly string[];
  /** A metric that every such target has: the list of nodes is made from it. */
  nodesMetric: string;
  sections: readonly Section[];
}

/** Scrapes that a rate must span: two samples make a rate, and two more may be missing. */
const scrapesPerWindow = 4;

/**
 * Range of a panel's rates in seconds, wide enough for the interval that samples really have: a
 * window of one minute shows nothing at all when samples are a minute apart.
 */
export function windowSecondsOf(panel: Panel, scrapeIntervalSeconds: number): number {
  const needed = scrapesPerWindow * scrapeIntervalSeconds;
  if (panel.windowSeconds >= needed) return panel.windowSeconds;
  return Math.ceil(needed / 60) * 60;
}

/** A query with its placeholders filled in; `selector` is what stands inside the braces. */
export function expressionOf(query: PanelQuery, selector: string, windowSeconds: number): string {
  return query.expression
    .replaceAll('$selector', selector)
    .replaceAll('$window', `${String(windowSeconds)}s`);
}
