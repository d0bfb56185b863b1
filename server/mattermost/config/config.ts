import {
  type GobStruct,
  type GobValue,
  boolField,
  isInterfaceValue,
  isStruct,
  mapField,
  stringField,
  structField,
} from '../../../lib/gob/index.ts';
import { type FileConfig, parseFileConfig } from './file-config.ts';

/**
 * The part of the server's configuration that the plugin reads. The host omits zero values, so an
 * absent field is false, 0 or empty, never a default.
 */
export interface ServerConfig {
  metrics: { enable: boolean; listenAddress: string };
  file: FileConfig;
  service: { siteUrl: string };
  /** `overrideHostname`: what an administrator calls this node; empty as a rule. */
  cluster: { enable: boolean; clusterName: string; overrideHostname: string };
  sql: { driverName: string };
  plugins: {
    /** Ids of the plugins that are switched on, installed or not, in order. */
    enabled: string[];
    /** Where Calls finds its media service; empty when there is none, or the environment says it. */
    rtcdUrl: string;
    /** Whether the server's own metrics contain those of its plugins (servers from 11.8). */
    areMetricsAggregated: boolean;
  };
}

const nothing: GobStruct = Object.create(null) as GobStruct;

/** Reads the server's configuration as it came over the wire. */
export function parseServerConfig(config: GobStruct): ServerConfig {
  const section = (name: string) => structField(config, name) ?? nothing;
  const metrics = section('MetricsSettings');
  const cluster = section('ClusterSettings');
  return {
    metrics: {
      enable: boolField(metrics, 'Enable'),
      listenAddress: stringField(metrics, 'ListenAddress'),
    },
    file: parseFileConfig(section('FileSettings'), section('ServiceSettings')),
    service: { siteUrl: stringField(section('ServiceSettings'), 'SiteURL') },
    cluster: {
      enable: boolField(cluster, 'Enable'),
      clusterName: stringField(cluster, 'ClusterName'),
      overrideHostname: stringField(cluster, 'OverrideHostname'),
    },
    sql: { driverName: stringField(section('SqlSettings'), 'DriverName') },
    plugins: {
      enabled: enabledPlugins(section('PluginSettings')),
      rtcdUrl: rtcdUrl(pluginSettings(config, callsId) ?? {}),
      areMetricsAggregated: boolField(section('FeatureFlags'), 'AggregatePluginMetrics'),
    },
  };
}

const callsId = 'com.mattermost.calls';

/** None when plugins are off as a whole. */
function enabledPlugins(settings: GobStruct): string[] {
  if (!boolField(settings, 'Enable')) return [];
  const enabled: string[] = [];
  for (const [id, state] of mapField(settings, 'PluginStates')) {
    if (typeof id === 'string' && isStruct(state) && boolField(state, 'Enable')) enabled.push(id);
  }
  return enabled.sort();
}

/** Keys are in lower case in practice, but nobody promises it. */
function rtcdUrl(settings: Readonly<Record<string, unknown>>): string {
  const entry = Object.entries(settings).find(([key]) => key.toLowerCase() === 'rtcdserviceurl');
  return typeof entry?.[1] === 'string' ? entry[1].trim() : '';
}

/** Settings of one plugin inside the server's configuration; undefined when there are none. */
export function pluginSettings(
  config: GobStruct,
  pluginId: string,
): Record<string, unknown> | undefined {
  const plugins = structField(config, 'PluginSettings')?.['Plugins'];
  const settings = plugins instanceof Map ? plugins.get(pluginId) : undefined;
  return settings instanceof Map ? (toPlain(settings) as Record<string, unknown>) : undefined;
}

/** A decoded value as JSON-like values: maps and structs become objects without prototype. */
export function toPlain(value: GobValue | undefined): unknown {
  if (isInterfaceValue(value)) return toPlain(value.value as GobValue);
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) {
    return plainObject([...value].map(([key, item]) => [key as string, item]));
  }
  return isStruct(value) ? plainObject(Object.entries(value)) : value;
}

function plainObject(entries: readonly (readonly [string, GobValue | undefined])[]): unknown {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of entries) object[key] = toPlain(item);
  return object;
}
