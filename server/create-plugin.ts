import { hostname } from 'node:os';
import { getAsset, isSea } from 'node:sea';
import manifest from '../plugin.json' with { type: 'json' };
import { systemClock, systemRng, type ThreadEntry } from '../lib/runtime/index.ts';
import type { PluginHooks } from './mattermost/index.ts';
import { MetricsPlugin } from './plugin.ts';

/** The plugin in the real world: the machine's clock, name and directory. */
export function createPlugin(): PluginHooks {
  return new MetricsPlugin({
    clock: systemClock,
    rng: systemRng,
    pluginId: manifest.id,
    pluginVersion: manifest.version,
    workerEntry: workerEntry(),
    hostName: hostname(),
    workingDirectory: process.cwd(),
    measureSlices: process.env['MM_METRICS_SLICE_MONITOR'] === '1',
    fail(error) {
      // Reaches the one place that logs a fatal error and exits.
      queueMicrotask(() => {
        throw error;
      });
    },
  });
}

/** The shipped executable embeds the worker's bundle; from source the worker is a file. */
function workerEntry(): ThreadEntry {
  if (isSea()) return { kind: 'source', source: getAsset('worker.js', 'utf8') };
  return { kind: 'file', path: new URL('./worker.ts', import.meta.url) };
}
