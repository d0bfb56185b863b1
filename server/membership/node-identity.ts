import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import type { Rng } from '../../lib/runtime/index.ts';
import type { PluginApi } from '../mattermost/index.ts';

/** How this node is known in its cluster. */
export interface NodeIdentity {
  /** Cluster id: where cluster events for this node go. */
  id: string;
  /** Random text of this process. */
  boot: string;
  problems: Problem[];
}

/**
 * Asks the server for this node's cluster id. A server that tells none still takes part in the lease,
 * under a name that nobody can send to: the other nodes cannot ask it anything.
 */
export async function loadIdentity(
  api: Pick<PluginApi, 'getPluginStatus'>,
  pluginId: string,
  rng: Rng,
): Promise<NodeIdentity> {
  const boot = Buffer.from(rng.bytes(8)).toString('hex');
  const { clusterId } = await api.getPluginStatus(pluginId);
  if (clusterId !== '') return { id: clusterId, boot, problems: [] };
  return { id: `boot-${boot}`, boot, problems: [noClusterId] };
}

const noClusterId = makeProblem({
  code: 'CLUSTER_NO_ID',
  severity: 'warning',
  message: say('cluster.no-id'),
  advice: say('cluster.no-id.advice'),
  link: consolePages.highAvailability,
});
