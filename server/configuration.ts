import type { Problem } from '../api/index.ts';
import type { PluginApi, ServerConfig } from './mattermost/index.ts';
import { parseSettings, type RawSettings, type Settings } from './settings/index.ts';

/** Everything an administrator configured, as one consistent picture. */
export interface Configuration {
  /** As stored: what a later save is compared with. */
  raw: RawSettings;
  settings: Settings;
  server: ServerConfig;
  /** What could not be used as configured. */
  problems: Problem[];
}

/** Reads the plugin's own settings and the server's configuration. */
export async function loadConfiguration(api: PluginApi): Promise<Configuration> {
  const [raw, server] = await Promise.all([
    api.loadPluginConfiguration(),
    api.getUnsanitizedConfig(),
  ]);
  return { raw, server, ...parseSettings(raw) };
}
