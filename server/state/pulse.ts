import type { Problem } from '../../api/index.ts';
import type { Membership } from '../membership/index.ts';
import type { OwnState } from './own-state.ts';

/**
 * What of a node's state changes only when something has happened; its JSON is equal while nothing
 * has. Asks nobody and touches no disk: it is looked at each second.
 */
export function pulseOf(
  { membership, state }: { membership: Membership | undefined; state: OwnState },
  problems: readonly Problem[],
): unknown {
  const { lastError, lastSuccessMs } = state.syncStatus();
  const nodes = membership?.nodes() ?? [];
  return {
    collector: membership?.collector(),
    nodes: nodes.map(({ id, mode, pluginVersion }) => [id, mode, pluginVersion]),
    targets: state.targetStates(),
    sync: [lastSuccessMs, lastError?.code],
    // Their sentences may tell of seconds and bytes.
    problems: problems.map(({ code }) => code),
  };
}
