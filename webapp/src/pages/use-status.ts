import type { Status } from '../../../api/index.ts';
import { useApi } from '../api/context.ts';
import { useResource, type LiveResource } from '../polling/use-resource.ts';
import { statusDelayMs } from './overview/health.ts';

/** The state of the plugin, kept fresh. */
export function useStatus(): LiveResource<Status> {
  const api = useApi();
  return useResource((signal) => api.status(signal), statusDelayMs, 'status');
}
