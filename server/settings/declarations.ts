import type { Settings } from './settings.ts';

/** What an administrator sees of one setting, and the bounds its value must keep. */
interface DeclarationTexts {
  /** Key in the server's configuration, as the Go plugin named it. */
  key: string;
  displayName: string;
  helpText: string;
}

/** A whole number; `scale` turns the administrator's unit into that of {@link Settings}. */
export interface NumberDeclaration extends DeclarationTexts {
  kind: 'number';
  target: NumberSetting;
  default: number;
  min: number;
  max: number;
  unit: string;
  scale: number;
}

/** A switch. */
export interface BooleanDeclaration extends DeclarationTexts {
  kind: 'bool';
  target: BooleanSetting;
  default: boolean;
}

/** A path. */
export interface TextDeclaration extends DeclarationTexts {
  kind: 'text';
  target: 'dbPath';
  default: string;
  maxLength: number;
}

/** Lines of text with a meaning of their own. */
export interface LinesDeclaration extends DeclarationTexts {
  kind: 'longtext';
  target: 'dropRules' | 'customTargets' | 'targetSecrets' | 'targetCertificates';
  default: string;
  placeholder: string;
  /** Whether the server shows it to nobody again once it is saved. */
  isSecret?: boolean;
}

export type Declaration =
  NumberDeclaration | BooleanDeclaration | TextDeclaration | LinesDeclaration;

type KeysOf<Value> = {
  [Key in keyof Settings]: Settings[Key] extends Value ? Key : never;
}[keyof Settings];
export type NumberSetting = KeysOf<number>;
export type BooleanSetting = KeysOf<boolean>;

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const dayMs = 24 * 60 * minuteMs;

/** The timeout is checked against the interval besides its own bounds. */
export const timeoutDeclaration: NumberDeclaration = {
  kind: 'number',
  key: 'ScrapeTimeoutSeconds',
  target: 'scrapeTimeoutMs',
  displayName: 'Give up after (seconds):',
  helpText:
    'How long one collection may take. It must be shorter than the interval; a longer value is cut to nine tenths of it.',
  default: 10,
  min: 1,
  max: 299,
  unit: 'seconds',
  scale: secondMs,
};

/**
 * Every setting, declared once: the manifest is generated from this list and values are parsed by
 * it. Keys and meanings are those of the Go plugin 0.7.0; `HonorLabels` is new, because there the
 * label rule hid behind `HonorTimestamps`.
 */
export const declarations: readonly Declaration[] = [
  {
    kind: 'text',
    key: 'DBPath',
    target: 'dbPath',
    displayName: 'Data directory:',
    helpText:
      'Where collected metrics are kept until they are in the file store. A relative path is below the directory the Mattermost server runs in. The directory must outlive restarts and upgrades. Existing data is not moved when this changes.',
    default: 'mattermost-plugin-metrics/data',
    maxLength: 1024,
  },
  {
    kind: 'number',
    key: 'ScrapeIntervalSeconds',
    target: 'scrapeIntervalMs',
    displayName: 'Collect every (seconds):',
    helpText:
      'How often the metrics of every node are collected. The official Grafana dashboards need 15 seconds or less to draw their one-minute rates.',
    default: 15,
    min: 1,
    max: 300,
    unit: 'seconds',
    scale: secondMs,
  },
  timeoutDeclaration,
  {
    kind: 'number',
    key: 'RetentionDurationDays',
    target: 'retentionMs',
    displayName: 'Keep for (days):',
    helpText: 'Metrics older than this are deleted from the file store.',
    default: 15,
    min: 1,
    max: 3650,
    unit: 'days',
    scale: dayMs,
  },
  {
    kind: 'number',
    key: 'LocalSizeLimitMegabytes',
    target: 'localSizeLimitBytes',
    displayName: 'Largest data directory (MiB):',
    helpText:
      'When collected metrics take more room than this in the data directory, the oldest of those that are already in the file store leave it. Without a limit they stay for three days. 0 means no limit.',
    default: 0,
    min: 0,
    max: 10_000_000,
    unit: 'MiB',
    scale: 1024 * 1024,
  },
  {
    kind: 'bool',
    key: 'EnableNodeExporterTargets',
    target: 'enableNodeExporterTargets',
    displayName: 'Collect from node exporter:',
    helpText:
      'Also collect CPU, memory, disk and network figures of the host from a Prometheus node exporter, where one is running.',
    default: true,
  },
  {
    kind: 'number',
    key: 'NodeExporterPort',
    target: 'nodeExporterPort',
    displayName: 'Node exporter port:',
    helpText: 'Port of the node exporter on every host.',
    default: 9100,
    min: 1,
    max: 65535,
    unit: '',
    scale: 1,
  },
  {
    kind: 'number',
    key: 'SupportPacketMetricsDays',
    target: 'supportPacketMs',
    displayName: 'Days in a support packet:',
    helpText: 'How many days of metrics a support packet contains, if they fit in 64 MiB.',
    default: 1,
    min: 1,
    max: 30,
    unit: 'days',
    scale: dayMs,
  },
  {
    kind: 'number',
    key: 'DumpRetentionDays',
    target: 'dumpRetentionMs',
    displayName: 'Keep dumps for (days):',
    helpText: 'Finished dumps older than this are deleted, with their archives in the file store.',
    default: 7,
    min: 1,
    max: 365,
    unit: 'days',
    scale: dayMs,
  },
  {
    kind: 'number',
    key: 'FileStoreSyncPeriodMinutes',
    target: 'syncPeriodMs',
    displayName: 'Check the file store every (minutes):',
    helpText:
      'Finished blocks of metrics are copied to the file store at once; this is how often the plugin checks that none is missing.',
    default: 60,
    min: 1,
    max: 1440,
    unit: 'minutes',
    scale: minuteMs,
  },
  {
    kind: 'number',
    key: 'FileStoreCleanupPeriodMinutes',
    target: 'cleanupPeriodMs',
    displayName: 'Delete old metrics every (minutes):',
    helpText: 'How often metrics past their age are looked for and deleted.',
    default: 120,
    min: 1,
    max: 10_080,
    unit: 'minutes',
    scale: minuteMs,
  },
  {
    kind: 'number',
    key: 'BodySizeLimitBytes',
    target: 'bodySizeLimitBytes',
    displayName: 'Largest answer of a target (bytes):',
    helpText:
      'A target that answers with more than this, uncompressed, counts as failed. The default of 32 MiB is ten times what a large Mattermost node answers.',
    default: 32 * 1024 * 1024,
    min: 64 * 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    scale: 1,
  },
  {
    kind: 'number',
    key: 'SampleLimit',
    target: 'sampleLimit',
    displayName: 'Most samples of one collection:',
    helpText:
      'A target that answers with more samples than this counts as failed. 0 means no limit.',
    default: 0,
    min: 0,
    max: 10_000_000,
    unit: 'samples',
    scale: 1,
  },
  {
    kind: 'number',
    key: 'LabelLimit',
    target: 'labelLimit',
    displayName: 'Most labels of a series:',
    helpText:
      'A target with a series of more labels than this, its name and the labels of the target included, counts as failed. 0 means no limit of its own; 128 is always the most.',
    default: 64,
    min: 0,
    max: 128,
    unit: 'labels',
    scale: 1,
  },
  {
    kind: 'number',
    key: 'LabelNameLengthLimit',
    target: 'labelNameLengthLimit',
    displayName: 'Longest label name (bytes):',
    helpText: 'A target with a longer label name counts as failed. 0 means no limit.',
    default: 512,
    min: 0,
    max: 1024 * 1024,
    unit: 'bytes',
    scale: 1,
  },
  {
    kind: 'number',
    key: 'LabelValueLengthLimit',
    target: 'labelValueLengthLimit',
    displayName: 'Longest label value (bytes):',
    helpText:
      'A target with a longer label value or metric name counts as failed. 0 means no limit.',
    default: 4096,
    min: 0,
    max: 1024 * 1024,
    unit: 'bytes',
    scale: 1,
  },
  {
    kind: 'number',
    key: 'MetricGrowthLimit',
    target: 'metricGrowthLimit',
    displayName: 'Most new series of a metric per hour:',
    helpText:
      'When a metric of one target gets more new series than this within an hour, further ones are not stored until the hour is over; everything else is. Twice as many are allowed for all metrics of one target together. 0 means no limit.',
    default: 50_000,
    min: 0,
    max: 10_000_000,
    unit: 'series',
    scale: 1,
  },
  {
    kind: 'longtext',
    key: 'DropRules',
    target: 'dropRules',
    displayName: 'Do not store:',
    helpText:
      'Series that are not to be stored, one rule per line: a metric name, conditions on labels in braces, or both. A star stands for any characters. For example: go_memstats_* or mattermost_api_time_bucket{handler="getPing",status_code!="5*"}',
    default: '',
    placeholder: 'go_memstats_*',
  },
  {
    kind: 'longtext',
    key: 'CustomTargets',
    target: 'customTargets',
    displayName: 'Also collect from:',
    helpText:
      'Exporters beside Mattermost, one per line: a URL, then options. For example: https://db1.example.com:9187/metrics job=postgres interval=30 timeout=5 secret=db ca=own label.role=primary. The secret and the certificates are named in the two settings below. Link-local and cloud metadata addresses are refused, redirects are not followed.',
    default: '',
    placeholder: 'http://db1.example.com:9187/metrics job=postgres',
  },
  {
    kind: 'longtext',
    key: 'CustomTargetSecrets',
    target: 'targetSecrets',
    displayName: 'Secrets of these:',
    helpText:
      'What the exporters above want to see, one per line, by the name that a target uses: NAME bearer TOKEN, or NAME basic USER PASSWORD.',
    default: '',
    placeholder: 'db bearer 0123456789abcdef',
    isSecret: true,
  },
  {
    kind: 'longtext',
    key: 'CustomTargetCertificates',
    target: 'targetCertificates',
    displayName: 'Certificates of these:',
    helpText:
      'Certificate authorities that are trusted instead of the public ones, in PEM. A line with a name stands before the certificates that belong to it.',
    default: '',
    placeholder: 'own',
  },
  {
    kind: 'bool',
    key: 'HonorLabels',
    target: 'honorLabels',
    displayName: 'Keep labels of targets:',
    helpText:
      "When a target sends a label that the plugin also sets, such as job, the target's value wins. Off, it is kept under the name exported_job.",
    default: true,
  },
  {
    kind: 'bool',
    key: 'HonorTimestamps',
    target: 'honorTimestamps',
    displayName: 'Keep times of targets:',
    helpText:
      'When a target sends a time with a sample it is kept; off, every sample gets the time of its collection.',
    default: true,
  },
];
