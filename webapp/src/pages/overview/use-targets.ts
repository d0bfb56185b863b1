import type { TargetList } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { useResource, type LiveResource } from '../../polling/use-resource.ts';
import { STARTING_POLL_MS, STEADY_POLL_MS } from './health.ts';

/** The scraped addresses, kept fresh; quickly while one of them has not been scraped yet. */
export function useTargets(): LiveResource<TargetList> {
  const api = useApi();
  return useResource(
    (signal) => api.targets(signal),
    ({ targets }) => {
      const isWaited = targets.length === 0 || targets.some(({ state }) => state === 'unknown');
      return isWaited ? STARTING_POLL_MS : STEADY_POLL_MS;
    },
  );
}
