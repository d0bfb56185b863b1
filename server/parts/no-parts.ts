import type { ServerConfig } from '../mattermost/index.ts';
import type { PartsFacts } from './parts.ts';

/** What can be told while the parts are being opened, cannot be, or have been closed. */
export function factsWithoutParts({ cluster, file }: ServerConfig): PartsFacts {
  return {
    mode: cluster.enable ? 'listener' : 'both',
    collector: undefined,
    nodes: [],
    restartedAtMs: undefined,
    targets: { up: 0, total: 0 },
    isScraped: false,
    newestSampleMs: undefined,
    oldestSampleMs: undefined,
    store: undefined,
    sync: {
      driver: file.driverName,
      remoteBlocks: 0,
      remoteBytes: 0,
      pendingBlocks: 0,
      lastSuccessMs: null,
      lastError: null,
    },
    problems: [],
  };
}
