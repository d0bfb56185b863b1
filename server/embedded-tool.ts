import { createRequire } from 'node:module';
import { getAsset, isSea } from 'node:sea';
import { compileFunction } from 'node:vm';

/** The tool that looks into data directories, as the executable embeds it: `tools/metrics-store`. */
const assetName = 'metrics-store.js';

/**
 * What a person asks the shipped executable for: arguments that no server gives. Undefined when it is to be
 * a plugin, which it is whenever a server says that it has started it.
 */
export function askedOf(argv: readonly string[], env: NodeJS.ProcessEnv): string[] | undefined {
  const args = argv.slice(2);
  const isStartedByServer = (env['MATTERMOST_PLUGIN'] ?? '') !== '';
  return args.length > 0 && !isStartedByServer && isSea() ? args : undefined;
}

/** Runs the tool in the place of the plugin. A server has it, too, where there is no Node. */
export function runTool(args: readonly string[]): void {
  const module: { exports: { start?: (args: readonly string[]) => void } } = { exports: {} };
  const options = { filename: assetName };
  const load = compileFunction(getAsset(assetName, 'utf8'), ['module', 'require'], options) as (
    ...given: unknown[]
  ) => void;
  load(module, createRequire(import.meta.url));
  module.exports.start?.(args);
}
