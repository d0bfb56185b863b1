import type { Checks } from './checks.ts';
import { checkClusterData } from './check-cluster-data.ts';
import { checkClusterEvents } from './check-cluster-events.ts';
import { checkClusterLease } from './check-cluster-lease.ts';
import { ClusterBed } from './cluster-bed.ts';

/** Three servers with three plugins, one PostgreSQL, one S3 server. */
export async function checkCluster(
  checks: Checks,
  directory: string,
  bundle: string,
): Promise<void> {
  const bed = await ClusterBed.start({
    directory: `${directory}/cluster`,
    bundle,
    nodes: 3,
    settings: { enablenodeexportertargets: false },
  });
  try {
    await checkClusterLease(checks, bed);
    await checkClusterEvents(checks, bed);
    await checkClusterData(checks, bed);
  } finally {
    await bed.end();
  }
}
