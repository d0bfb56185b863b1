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
  /** Whether times inside an exposition are kept. */
  honorTimestamps: boolean;
  /** Whether labels inside an exposition win over the target's. */
  honorLabels: boolean;
  /** Age at which blocks leave the file store. */
  retentionMs: number;
  syncPeriodMs: number;
  cleanupPeriodMs: number;
  /** Time range of the dump inside a support packet. */
  supportPacketMs: number;
  enableNodeExporterTargets: boolean;
  nodeExporterPort: number;
}
