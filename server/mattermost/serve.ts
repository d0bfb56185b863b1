import {
  type PluginProcess,
  type ServedPlugin,
  servePlugin,
  systemProcess,
} from '../../lib/goplugin/index.ts';
import { asError, type Clock, systemClock } from '../../lib/runtime/index.ts';
import { hookService } from './hook-service.ts';
import type { PluginHooks } from './hooks.ts';
import { maxHookMessageBytes } from './limits.ts';
import { HostLogger } from './log/index.ts';
import { PluginRuntime } from './plugin-runtime.ts';
import { registry } from './schemas.ts';

/** What the process entry tells. */
export interface MattermostPluginOptions {
  /** Id in the manifest: the name of our settings in the server's configuration. */
  pluginId: string;
  /** Loads the plugin proper. Called after the handshake line is out, so it may be slow. */
  load: () => Promise<PluginHooks>;
  process?: PluginProcess;
  clock?: Clock;
}

const cookie = { key: 'MATTERMOST_PLUGIN', value: 'Securely message teams, anywhere.' };

/**
 * Runs the process as a plugin of a Mattermost server until the server ends it. Resolves once the
 * handshake line is written; from then on the process ends by itself. Rejects, with exit code 1 set,
 * when it cannot start.
 */
export async function serveMattermostPlugin(
  options: MattermostPluginOptions,
): Promise<ServedPlugin> {
  const { pluginId, process = systemProcess(), clock = systemClock } = options;
  const logger = new HostLogger({ clock, writeError: (text) => process.writeError(text) });
  const fail = (message: string, error: unknown) => {
    const cause = asError(error);
    logger.lastWords(message, { error: cause, stack: cause.stack });
    runtime.abandon();
    // A plugin that cannot start has ended the process itself.
    void serving.then((served) => served.exit(1));
  };
  process.onUncaught((error) => fail('the plugin failed and ends', error));
  const runtime = new PluginRuntime({
    clock,
    logger,
    load: options.load,
    guardLoop: process.guardLoop,
    onFatal: (error) => fail('the plugin cannot go on and ends', error),
  });
  const serving = servePlugin({
    process,
    clock,
    cookie,
    protocolVersion: 1,
    rpc: { registry, limits: { maxMessageBytes: maxHookMessageBytes } },
    services: { hooks: (broker) => hookService(runtime, broker, pluginId) },
    onQuit: () => runtime.end(),
    onHostGone: async (reason) => {
      logger.lastWords('The connection to the server is lost; the plugin ends', { error: reason });
      await runtime.end();
    },
  });
  const served = await serving;
  void runtime.load();
  return served;
}
