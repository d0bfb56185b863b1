import { readFileSync, writeFileSync } from 'node:fs';
import type { PluginManifest, PluginSetting } from '@mattermost/types/plugins';
import { format } from 'prettier';
import { pluginId } from '../server/plugin-id.ts';
import { declarations, type Declaration } from '../server/settings/index.ts';

const repository = 'https://github.com/mattermost/mattermost-plugin-metrics';

// The host's own types describe what its web client gets, where nothing is left out.
type ManifestSetting = Pick<PluginSetting, 'key' | 'type' | 'display_name'> &
  Partial<Pick<PluginSetting, 'help_text' | 'placeholder' | 'default'>> & { secret?: boolean };
type Manifest = Omit<PluginManifest, 'server' | 'settings_schema'> & {
  server: { executables: Record<string, string> };
  settings_schema: { header: string; settings: ManifestSetting[] };
};

/**
 * What an administrator reads below a setting: what it is for, its bounds and its default, and the name by
 * which problems, logs and the server's environment know it, so that it is found with the browser's search.
 */
function helpText(declaration: Declaration): string {
  const { helpText: purpose, key } = declaration;
  return `${purpose} ${boundsText(declaration)} Its name is ${key}.`;
}

function boundsText(declaration: Declaration): string {
  switch (declaration.kind) {
    case 'number': {
      const { min, max, unit } = declaration;
      // What has no unit, such as a port, is no amount and is not grouped.
      const write = (value: number) => (unit === '' ? String(value) : value.toLocaleString('en'));
      const bounds = `From ${write(min)} to ${write(max)} ${unit}`.trim();
      return `${bounds}; by default ${write(declaration.default)}.`;
    }
    case 'bool':
      return `${declaration.default ? 'On' : 'Off'} by default.`;
    case 'text':
      return `By default ${declaration.default}.`;
    case 'longtext':
      return 'Empty by default.';
  }
}

/**
 * The settings as the console groups them; every one stands in exactly one group. The heading of a group is
 * a setting of its own that the webapp draws, with texts in the reader's language.
 */
const groups: { key: string; title: string; subtitle: string; settings: string[] }[] = [
  {
    key: 'SettingsCollecting',
    title: 'Settings: collecting',
    subtitle: 'Changes take effect at once; nothing has to be restarted.',
    settings: [
      'ScrapeIntervalSeconds',
      'ScrapeTimeoutSeconds',
      'EnableNodeExporterTargets',
      'NodeExporterPort',
      'HonorLabels',
      'HonorTimestamps',
    ],
  },
  {
    key: 'SettingsKeeping',
    title: 'Settings: keeping',
    subtitle: 'Where collected metrics and dumps are kept, and for how long.',
    settings: [
      'DBPath',
      'LocalSizeLimitMegabytes',
      'RetentionDurationDays',
      'DumpRetentionDays',
      'SupportPacketMetricsDays',
      'FileStoreSyncPeriodMinutes',
      'FileStoreCleanupPeriodMinutes',
    ],
  },
  {
    key: 'SettingsTargets',
    title: 'Settings: other targets',
    subtitle: 'Exporters beside Mattermost, such as that of a database.',
    settings: ['CustomTargets', 'CustomTargetSecrets', 'CustomTargetCertificates'],
  },
  {
    key: 'SettingsLimits',
    title: 'Settings: limits',
    subtitle: 'What is not stored, so that no target fills the memory or the disk.',
    settings: [
      'DropRules',
      'MetricGrowthLimit',
      'BodySizeLimitBytes',
      'SampleLimit',
      'LabelLimit',
      'LabelNameLengthLimit',
      'LabelValueLengthLimit',
    ],
  },
];

function groupedSettings(settings: ManifestSetting[]): ManifestSetting[] {
  const left = new Map(settings.map((setting) => [setting.key, setting]));
  const grouped = groups.flatMap(({ key, title, subtitle, settings: keys }) => [
    { key, type: 'custom' as const, display_name: title, help_text: subtitle },
    ...keys.map((settingKey) => {
      const setting = left.get(settingKey);
      if (setting === undefined) {
        throw new Error(`no setting ${settingKey}, or it stands in two groups`);
      }
      left.delete(settingKey);
      return setting;
    }),
  ]);
  if (left.size > 0) throw new Error(`settings without a group: ${[...left.keys()].join(', ')}`);
  return grouped;
}

function manifestSetting(declaration: Declaration): ManifestSetting {
  const common = {
    key: declaration.key,
    display_name: declaration.displayName,
    type: declaration.kind,
    help_text: helpText(declaration),
    default: declaration.default,
  };
  if (declaration.kind === 'bool') return common;
  if (declaration.kind === 'longtext') {
    const { placeholder, isSecret = false } = declaration;
    return { ...common, placeholder, ...(isSecret ? { secret: true } : {}) };
  }
  return { ...common, placeholder: String(declaration.default) };
}

/**
 * The manifest. It has no sections: servers of 10.11 and 11.0 to 11.4 mask no secrets in them as
 * they came out, and consoles differ in what they show beside sections: older ones nothing, newer ones
 * the settings outside them, too.
 */
function manifest(version: string): Manifest {
  return {
    id: pluginId,
    name: 'Mattermost Metrics Plugin',
    description:
      'Collects the performance metrics of this Mattermost deployment and makes dumps of them, without a Prometheus to install.',
    homepage_url: repository,
    support_url: `${repository}/issues`,
    release_notes_url: `${repository}/releases/tag/v${version}`,
    icon_path: 'assets/icon.svg',
    version,
    min_server_version: '10.11.0',
    server: {
      executables: {
        'linux-amd64': 'server/dist/plugin-linux-amd64',
        'linux-arm64': 'server/dist/plugin-linux-arm64',
      },
    },
    webapp: { bundle_path: 'webapp/dist/main.js' },
    settings_schema: {
      header:
        'Performance monitoring without a Prometheus to install: the metrics of every node are collected and kept in the file store, and one click makes a dump of them, an archive that Prometheus opens and Grafana draws charts from.',
      settings: [
        { key: 'Stats', type: 'custom', display_name: 'State and dumps:' },
        ...groupedSettings(declarations.map(manifestSetting)),
      ],
    },
    props: { support_packet: 'Performance metrics' },
  };
}

const version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
const text = await format(JSON.stringify(manifest(version)), { parser: 'json', tabWidth: 4 });
if (process.argv.includes('--check')) {
  if (readFileSync('plugin.json', 'utf8') !== text) {
    throw new Error('plugin.json is not what the settings say: run `npm run manifest`');
  }
} else {
  writeFileSync('plugin.json', text);
}
