import type { Reader } from '../../../api/read.ts';

/** Settings of the plugin that the server's environment decides: all of them, or those keys. */
export type EnvironmentSettings = 'all' | string[];

/**
 * Reads the host's map of what its environment decides. Servers know the variable
 * `MM_PLUGINSETTINGS_PLUGINS`, which holds the settings of all plugins; then the map says `true` for
 * all of them. A server that knows one variable for each setting says so below the plugin's id.
 */
export function environmentSettings(pluginId: string): Reader<EnvironmentSettings> {
  return (value) => {
    const plugins = fieldOf(fieldOf(value, 'PluginSettings'), 'Plugins');
    const ours = fieldOf(plugins, pluginId) ?? fieldOf(plugins, pluginId.replaceAll('.', '+'));
    if (plugins === true || ours === true) {
      return 'all';
    }
    return typeof ours === 'object' && ours !== null
      ? Object.entries(ours)
          .filter(([, isSet]) => isSet === true)
          .map(([key]) => key)
      : [];
  };
}

/** A field of an object; undefined where there is none. */
function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
