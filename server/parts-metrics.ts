import type { Store } from '../lib/tsdb/index.ts';
import type { Collecting } from './collecting.ts';
import type { Membership } from './membership.ts';
import type { OwnState } from './own-state.ts';
import type { PartsMetrics } from './self-metrics.ts';

interface CountedParts {
  collecting: Collecting;
  membership: Membership | undefined;
  state: OwnState;
  store: Store;
}

/** What a node counts, without asking anybody. */
export function partsMetrics(
  { collecting, membership, state, store }: CountedParts,
  isCollecting: boolean,
): PartsMetrics {
  return {
    isCollecting,
    targets: state.summary(),
    scraped: collecting.tally,
    store: store.stats(),
    sync: state.syncStatus(),
    cluster: membership && {
      isHolding: membership.mode === 'scraper',
      epoch: membership.epoch,
      events: membership.eventCounts(),
    },
  };
}
