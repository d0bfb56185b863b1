import type { Membership } from '../membership/index.ts';
import { freeBytes } from '../places/index.ts';
import { BlockCatalog, BlockSync, HeadSnapshots, type BlockLabels } from '../share/index.ts';
import { isWorthKeeping, type Opening } from './opening.ts';

/** What keeps the file store and this node alike. */
export interface Sharing {
  catalog: BlockCatalog;
  snapshots: HeadSnapshots;
  sync: BlockSync;
}

/** What copies blocks and snapshots to the file store. */
export function openSharing(opening: Opening, membership: Membership | undefined): Sharing {
  const { configuration, dataDirectory, environment, facts, host, nodeName, place } = opening;
  const { clock, pluginVersion } = environment;
  const { cluster, file } = configuration().server;
  // A cluster without a name is labelled as a server that has none.
  const name = cluster.enable && cluster.clusterName !== '' ? cluster.clusterName : 'single';
  const labels: BlockLabels = { serverId: facts.serverId, cluster: name, scraper: nodeName };
  const catalog = new BlockCatalog(place.store);
  const shared = {
    ...{ clock, logger: host.logger, store: place.store, pluginVersion },
    labels: () => labels,
    settings: () => configuration().settings,
    epoch: () => membership?.epoch ?? 0,
    mayDelete: () => membership?.mayDelete() ?? true,
  };
  const snapshots = new HeadSnapshots({ ...shared, blocks: catalog });
  const sync = new BlockSync({
    ...{ ...shared, catalog, local: opening.store, driver: file.driverName },
    freeBytes: () => freeBytes(dataDirectory),
    onCopied: () => membership?.tell('store.changed', {}),
    onLost: (blocks) => opening.ledger.lost(blocks),
    ...(isWorthKeeping(opening) ? { savedUntilMs: () => snapshots.savedUntilMs() } : {}),
  });
  return { catalog, snapshots, sync };
}
