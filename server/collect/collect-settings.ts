import type { Settings } from '../settings/index.ts';

/** The settings that collecting obeys; all of them are applied live. */
export type CollectSettings = Pick<
  Settings,
  | 'scrapeIntervalMs'
  | 'scrapeTimeoutMs'
  | 'bodySizeLimitBytes'
  | 'sampleLimit'
  | 'labelLimit'
  | 'labelNameLengthLimit'
  | 'labelValueLengthLimit'
  | 'metricGrowthLimit'
  | 'dropRules'
  | 'honorTimestamps'
  | 'honorLabels'
>;
