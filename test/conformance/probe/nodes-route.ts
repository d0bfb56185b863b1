import { systemClock } from '../../../lib/runtime/index.ts';
import { Discovery, type DiscoveryState } from '../../../server/collect/discovery/discovery.ts';
import type { Host } from '../../../server/mattermost/index.ts';

/** What discovery finds at its first look, with the configuration as it is. */
export async function findNodes(host: Host): Promise<DiscoveryState> {
  const { api, database, logger } = host;
  const { cluster, sql } = await api.getUnsanitizedConfig();
  const found = Promise.withResolvers<DiscoveryState>();
  const discovery = new Discovery({
    ...{ clock: systemClock, logger, database },
    cluster: () => ({ clusterName: cluster.clusterName, driverName: sql.driverName }),
    self: () => ({ clusterId: '', addresses: [], names: ['mm1'] }),
    onChange: (state) => found.resolve(state),
  });
  discovery.start();
  const state = await found.promise;
  await discovery.stop();
  return state;
}
