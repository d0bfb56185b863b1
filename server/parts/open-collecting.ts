import { asError } from '../../lib/runtime/index.ts';
import { Store } from '../../lib/tsdb/index.ts';
import { ScrapeClient } from '../collect/index.ts';
import { Collecting, withDiskRelief, type Rehearsal } from '../duty/index.ts';
import type { Environment } from '../environment.ts';
import type { BlockSync } from '../share/index.ts';
import type { Opening } from './opening.ts';

/** What fetches and stores samples when it is this node's turn; `sync` makes room on a full disk. */
export function openCollecting(
  { environment, host, ledger, metadata, nodeName, store }: Opening,
  sync: BlockSync,
): { client: ScrapeClient; collecting: Collecting } {
  const { clock, pluginVersion } = environment;
  const { logger } = host;
  const client = new ScrapeClient({ clock, version: pluginVersion });
  const relieved = withDiskRelief(store, () => {
    sync.relieveDisk().catch((error: unknown) => {
      logger.warn('No room could be made on the disk', {
        code: 'SYNC_NO_ROOM_MADE',
        error: asError(error),
      });
    });
  });
  const collecting = new Collecting({
    ...{ clock, logger, hostName: nodeName, store: relieved },
    ...{ ledger, metadata, fetcher: client, openRehearsal: () => openRehearsal(environment) },
  });
  return { client, collecting };
}

/** A store that keeps nothing, as collecting sees the real one. */
async function openRehearsal({ clock, rng }: Environment): Promise<Rehearsal> {
  const rehearsal = await Store.rehearsal({ clock, rng });
  const store = withDiskRelief(rehearsal, () => undefined);
  return { store, close: () => rehearsal.close() };
}
