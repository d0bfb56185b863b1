import type { CustomTarget } from './custom-targets.ts';
import type { TargetCertificates } from './custom-target-certificates.ts';
import type { TargetSecrets } from './custom-target-secrets.ts';
import type { DropRule } from './drop-rules.ts';

/** The plugin's own settings, checked and within their bounds. Times in milliseconds. */
export interface Settings {
  /** Where the store lives, as configured; relative paths are below the server's directory. */
  dbPath: string;
  scrapeIntervalMs: number;
  /** Always below the interval. */
  scrapeTimeoutMs: number;
  /** Most bytes of one exposition, uncompressed. */
  bodySizeLimitBytes: number;
  /** Most samples of one scrape; 0 is no limit. */
  sampleLimit: number;
  /** Most labels of a series, its name and the target's labels included; 0 is no limit. */
  labelLimit: number;
  /** Most UTF-8 bytes of a label name; 0 is no limit. */
  labelNameLengthLimit: number;
  /** Most UTF-8 bytes of a label value, the metric name included; 0 is no limit. */
  labelValueLengthLimit: number;
  /** Most new series of one metric of one target within an hour; 0 is no limit. */
  metricGrowthLimit: number;
  /** Series that are not stored. */
  dropRules: readonly DropRule[];
  /** Targets beside those of the deployment. */
  customTargets: readonly CustomTarget[];
  /** What they want to see; never shown, logged or sent anywhere but to them. */
  targetSecrets: TargetSecrets;
  targetCertificates: TargetCertificates;
  /** Whether times inside an exposition are kept. */
  honorTimestamps: boolean;
  /** Whether labels inside an exposition win over the target's. */
  honorLabels: boolean;
  /** Age at which blocks leave the file store. */
  retentionMs: number;
  /** Size of the local store beyond which blocks leave it that are in the file store; 0 is no limit. */
  localSizeLimitBytes: number;
  syncPeriodMs: number;
  cleanupPeriodMs: number;
  /** Age at which finished dumps are deleted. */
  dumpRetentionMs: number;
  /** Time range of the dump inside a support packet. */
  supportPacketMs: number;
  enableNodeExporterTargets: boolean;
  nodeExporterPort: number;
}
