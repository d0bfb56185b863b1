export type { CollectSettings } from './collect-settings.ts';
export { Collector, type CollectorOptions, type CollectorSummary } from './collector.ts';
export { ScrapeClient, type BodyFetcher, type ScrapeRequest } from './fetch/index.ts';
export {
  GapLedger,
  ledgerFile,
  metadataFile,
  type LedgerFile,
  type LedgerOptions,
} from './gaps/index.ts';
export { warmUp, type WarmUpOptions } from './ingest/index.ts';
export { MetadataBook, type MetricMetadata } from './metadata/index.ts';
export type { CommitCounts, SampleStore } from './sample-store.ts';
export { ScrapeTally } from './scrape/index.ts';
export { storedLabels, type ScrapeTarget } from './target.ts';
export {
  DeploymentSource,
  isServerTarget,
  type DeploymentSourceOptions,
  type TargetSet,
} from './targets/index.ts';
