import type { RequestListener } from 'node:http';
import type { Logger } from '../../lib/runtime/index.ts';
import type { Database } from './sql/index.ts';
import type { PluginApi, PluginClusterEvent } from './plugin-api.ts';

/** What the Mattermost server gives an active plugin. */
export interface Host {
  api: PluginApi;
  /** The server's own database; its calls reject when the server offers none. */
  database: Database;
  /** Writes to the server's log; before activation and after a lost connection to stderr. */
  logger: Logger;
}

/** One file of the server's support packet; the path is relative to the packet. */
export interface SupportFile {
  filename: string;
  body: Uint8Array;
}

/**
 * What the server calls on the plugin. Hooks run concurrently; none may wait for another. One that
 * is left out is never called.
 */
export interface PluginHooks {
  /** Before it settles no other hook arrives; a rejection becomes the plugin's error in the server. */
  onActivate(host: Host): Promise<void>;
  /** The last chance to write something: after it only milliseconds are left. */
  onDeactivate?(): Promise<void>;
  /** Called once before {@link onActivate} and after every save of the server's configuration. */
  onConfigurationChange?(host: Host): Promise<void>;
  /**
   * Judges a configuration before it is saved. `ownSettings` are the settings of this plugin in it,
   * keys as stored (lower case in practice). A returned text refuses the save *of the whole server*.
   */
  configurationWillBeSaved?(
    ownSettings: Record<string, unknown> | undefined,
  ): Promise<string | undefined>;
  /** Serves the plugin's HTTP (an express app is one); read for each request, so it may be a getter. */
  readonly requestListener?: RequestListener;
  /**
   * Serves the plugin's own metrics. What comes here comes from the server's metrics port: nobody has
   * signed in, and whoever reaches that port may ask.
   */
  readonly metricsListener?: RequestListener;
  generateSupportData?(): Promise<SupportFile[]>;
  onPluginClusterEvent?(event: PluginClusterEvent): Promise<void>;
}
