import { useRef } from 'react';
import type { TargetList } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { useResource, type LiveResource } from '../../polling/use-resource.ts';
import { STARTING_POLL_MS, STEADY_POLL_MS } from './health.ts';
import { ScrapeHistory } from './scrape-history.ts';

/** The scraped addresses, kept fresh; quickly while one of them has not been scraped yet. */
export function useTargets(): LiveResource<TargetList> {
  const api = useApi();
  const history = useRef<ScrapeHistory | null>(null);
  return useResource(
    async (signal) => {
      const { targets } = await api.targets(signal);
      history.current ??= new ScrapeHistory();
      return { targets: history.current.extend(targets) };
    },
    ({ targets }) => {
      const isWaited = targets.length === 0 || targets.some(({ state }) => state === 'unknown');
      return isWaited ? STARTING_POLL_MS : STEADY_POLL_MS;
    },
    'status',
  );
}
