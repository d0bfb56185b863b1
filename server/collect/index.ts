export type { CollectSettings } from './collect-settings.ts';
export { Collector, type CollectorOptions, type CollectorSummary } from './collector.ts';
export { ledgerFile, metadataFile, type LedgerFile } from './gap-file.ts';
export { GapLedger, type LedgerOptions } from './gap-ledger.ts';
export { MetadataBook, type MetricMetadata } from './metric-metadata.ts';
export type { CommitCounts, SampleStore } from './sample-store.ts';
export { ScrapeClient, type BodyFetcher, type ScrapeRequest } from './scrape-http.ts';
export type { ScrapeTarget } from './target.ts';
export { singleServerTargets, type MetricsConfig, type TargetSet } from './targets.ts';
