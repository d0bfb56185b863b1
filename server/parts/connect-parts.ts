import { HeadKeeper, targetSource } from '../duty/index.ts';
import { OwnState } from '../state/index.ts';
import { openMembership, openView } from './open-cluster.ts';
import { openCollecting } from './open-collecting.ts';
import { openDumps } from './open-dumps.ts';
import type { OpenedParts } from './opened-parts.ts';
import { isWorthKeeping, type Opening } from './opening.ts';
import { openSharing } from './open-sharing.ts';

/** Connects the parts; nothing runs yet. */
export function connectParts(opening: Opening): Omit<OpenedParts, 'thread'> {
  const { configuration, dataDirectory, environment, host, identity } = opening;
  const { ledger, metadata, nodeName, place, problems, store } = opening;
  const { clock } = environment;
  const { logger } = host;
  const membership = openMembership(opening);
  const { catalog, snapshots, sync } = openSharing(opening, membership);
  const { client, collecting } = openCollecting(opening, sync);
  const state = new OwnState({
    ...{ dataDirectory, store, collecting, ledger, metadata, catalog, sync },
  });
  const { gapCopier, view } = openView(opening, membership, state);
  const { dumps, packet } = openDumps(opening, { catalog, membership, snapshots, state, view });
  const onPublished = () => membership?.tell('store.changed', {});
  const keeper = isWorthKeeping(opening)
    ? new HeadKeeper({ clock, logger, store, snapshots, collecting, dataDirectory, onPublished })
    : undefined;
  return {
    ...{ clock, logger, dataDirectory, store, place, ledger, metadata, client },
    ...{ collecting, state, catalog, snapshots, keeper, sync, dumps, packet },
    ...{ membership, view, gapCopier },
    host: nodeName,
    targets: targetSource({ environment, host, configuration, clusterId: identity?.id }),
    problems: [...problems, ...place.problems],
  };
}
