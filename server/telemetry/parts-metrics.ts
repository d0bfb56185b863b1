import type { Store } from '../../lib/tsdb/index.ts';
import type { Collecting } from '../duty/index.ts';
import type { Membership } from '../membership/index.ts';
import type { OwnState } from '../state/index.ts';
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
