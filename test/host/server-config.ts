import { anyValue, type GobInput, type GobSchema } from '../../lib/gob/index.ts';
import { bool, goAny, int, map, slice, string, struct } from './wire.ts';

/** The sections of a server's configuration that plugins look at, in the server's own words. */
export interface ServerConfiguration {
  ServiceSettings: {
    SiteURL: string;
    ListenAddress: string;
    ReadTimeout: number;
    WriteTimeout: number;
    EnableDeveloper: boolean;
    ExperimentalStrictCSRFEnforcement: boolean;
    TrustedProxyIPHeader: string[];
  };
  MetricsSettings: {
    Enable: boolean;
    BlockProfileRate: number;
    ListenAddress: string;
    EnableClientMetrics: boolean;
    EnableNotificationMetrics: boolean;
    ClientSideUserIds: string[];
  };
  FileSettings: {
    EnableFileAttachments: boolean;
    MaxFileSize: number;
    DriverName: string;
    Directory: string;
    AmazonS3AccessKeyId: string;
    AmazonS3SecretAccessKey: string;
    AmazonS3Bucket: string;
    AmazonS3PathPrefix: string;
    AmazonS3Region: string;
    AmazonS3Endpoint: string;
    AmazonS3SSL: boolean;
    AmazonS3SignV2: boolean;
    AmazonS3SSE: boolean;
    AmazonS3Trace: boolean;
  };
  ClusterSettings: {
    Enable: boolean;
    ClusterName: string;
    OverrideHostname: string;
    /** System Console saves nothing, in a cluster. */
    ReadOnlyConfig: boolean;
  };
  SqlSettings: {
    DriverName: string;
    DataSource: string;
    DataSourceReplicas: string[];
    MaxOpenConns: number;
    QueryTimeout: number;
  };
  LogSettings: { EnableConsole: boolean; ConsoleLevel: string; EnableFile: boolean };
  PluginSettings: {
    Enable: boolean;
    EnableUploads: boolean;
    RequirePluginSignature: boolean;
    EnableHealthCheck: boolean;
    EnableMarketplace: boolean;
    Directory: string;
    ClientDirectory: string;
    /** Settings by lower-case plugin id and key. */
    Plugins: Record<string, Record<string, unknown>>;
    PluginStates: Record<string, { Enable: boolean }>;
    SignaturePublicKeyFiles: string[];
  };
}

/** Any part of the configuration, laid over what is there. */
export type ConfigurationChange = {
  readonly [Section in keyof ServerConfiguration]?: Partial<ServerConfiguration[Section]>;
};

/** What a server has on its first start, with uploads of plugins allowed. */
export function defaultConfiguration(): ServerConfiguration {
  return {
    ServiceSettings: {
      SiteURL: '',
      ListenAddress: ':8065',
      ReadTimeout: 300,
      WriteTimeout: 300,
      EnableDeveloper: false,
      ExperimentalStrictCSRFEnforcement: false,
      TrustedProxyIPHeader: [],
    },
    MetricsSettings: {
      Enable: true,
      BlockProfileRate: 0,
      ListenAddress: ':8067',
      EnableClientMetrics: true,
      EnableNotificationMetrics: true,
      ClientSideUserIds: [],
    },
    FileSettings: {
      EnableFileAttachments: true,
      MaxFileSize: 104_857_600,
      DriverName: 'local',
      Directory: './data/',
      AmazonS3AccessKeyId: '',
      AmazonS3SecretAccessKey: 'the-storage-secret',
      AmazonS3Bucket: '',
      AmazonS3PathPrefix: '',
      AmazonS3Region: '',
      AmazonS3Endpoint: 's3.amazonaws.com',
      AmazonS3SSL: true,
      AmazonS3SignV2: false,
      AmazonS3SSE: false,
      AmazonS3Trace: false,
    },
    ClusterSettings: { Enable: false, ClusterName: '', OverrideHostname: '', ReadOnlyConfig: true },
    SqlSettings: {
      DriverName: 'postgres',
      DataSource: 'postgres://mmuser:the-database-secret@localhost/mattermost',
      DataSourceReplicas: [],
      MaxOpenConns: 300,
      QueryTimeout: 30,
    },
    LogSettings: { EnableConsole: true, ConsoleLevel: 'DEBUG', EnableFile: true },
    PluginSettings: {
      Enable: true,
      EnableUploads: true,
      RequirePluginSignature: false,
      EnableHealthCheck: true,
      EnableMarketplace: true,
      Directory: './plugins',
      ClientDirectory: './client/plugins',
      Plugins: {
        // Another plugin's settings: their types are first met inside interface values.
        'com.example.other': {
          list: ['a', 1.5, null],
          nested: { deep: { flag: true } },
          text: 'x',
        },
      },
      PluginStates: {},
      SignaturePublicKeyFiles: [],
    },
  };
}

/** Lays a change over a configuration; sections are merged one level deep, plugins one deeper. */
export function changeConfiguration(
  current: ServerConfiguration,
  change: ConfigurationChange,
): ServerConfiguration {
  const changed = structuredClone(current);
  for (const [section, values] of Object.entries(structuredClone(change))) {
    const target = changed[section as keyof ServerConfiguration] as Record<string, unknown>;
    for (const [key, value] of Object.entries(values as Record<string, unknown>)) {
      const isByPlugin = key === 'Plugins' || key === 'PluginStates';
      target[key] = isByPlugin ? mergeByPlugin(target[key], value) : value;
    }
  }
  return changed;
}

function mergeByPlugin(current: unknown, change: unknown): unknown {
  const merged = { ...(current as Record<string, object>) };
  for (const [id, values] of Object.entries(change as Record<string, object>)) {
    merged[id.toLowerCase()] = { ...merged[id.toLowerCase()], ...values };
  }
  return merged;
}

/** The configuration without its secrets, as the server shows it. */
export function sanitizeConfiguration(configuration: ServerConfiguration): ServerConfiguration {
  const hidden = '********************************';
  return changeConfiguration(configuration, {
    FileSettings: { AmazonS3SecretAccessKey: hidden },
    SqlSettings: { DataSource: hidden },
  });
}

/** A section's schema by the values that it has: every setting is a scalar or a list of texts. */
function sectionSchema(name: string, section: object): GobSchema {
  const fields = Object.entries(section).map(([key, value]) => [key, settingSchema(key, value)]);
  return struct(name, Object.fromEntries(fields) as Record<string, GobSchema>);
}

function settingSchema(key: string, value: unknown): GobSchema {
  if (key === 'Plugins') return map(string, map(string, anyValue));
  if (key === 'PluginStates') return map(string, struct('PluginState', { Enable: bool }));
  if (Array.isArray(value)) return slice(string);
  if (typeof value === 'boolean') return bool;
  return typeof value === 'number' ? int : string;
}

/** The server's `model.Config`, as far as we have it. */
export const configSchema = struct(
  'Config',
  Object.fromEntries(
    Object.entries(defaultConfiguration()).map(([name, section]) => [
      name,
      sectionSchema(name, section as object),
    ]),
  ),
);

/** The value that {@link configSchema} takes. */
export function wireConfiguration(
  configuration: ServerConfiguration,
): GobInput<typeof configSchema> {
  const { PluginSettings, ...sections } = configuration;
  const plugins = Object.entries(PluginSettings.Plugins).map(([id, settings]) => {
    const values = Object.entries(settings).map(([key, value]) => [key, goAny(value)] as const);
    return [id, new Map(values)] as const;
  });
  return { ...sections, PluginSettings: { ...PluginSettings, Plugins: new Map(plugins) } };
}
