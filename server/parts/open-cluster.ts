import { GapCopier } from '../duty/index.ts';
import { Membership } from '../membership/index.ts';
import { CollectorView, type OwnState } from '../state/index.ts';
import type { Opening } from './opening.ts';

/** The node's place in its cluster; undefined on a server that is not in one. */
export function openMembership(opening: Opening): Membership | undefined {
  const { environment, facts, host, identity, nodeName } = opening;
  if (identity === undefined) return undefined;
  const { clock, rng, pluginVersion } = environment;
  const { api, logger } = host;
  const { serverVersion } = facts;
  return new Membership({
    ...{ clock, rng, logger, api, identity, host: nodeName },
    ...{ pluginVersion, serverVersion },
  });
}

/** What this node knows of the one that collects: asked for, and copied. */
export interface View {
  view: CollectorView | undefined;
  gapCopier: GapCopier | undefined;
}

export function openView(
  { environment, host, ledger }: Opening,
  membership: Membership | undefined,
  state: OwnState,
): View {
  if (membership === undefined) return { view: undefined, gapCopier: undefined };
  const { clock } = environment;
  const { logger } = host;
  const isThere = () => membership.collector().node !== '';
  const view = new CollectorView({
    ...{ clock, logger, isThere },
    copied: (range) => state.collected(range),
    ask: (ask) => membership.askInPages('state.get', ask),
  });
  const gapCopier = new GapCopier({
    ...{ clock, logger, ledger },
    isListening: () => membership.mode === 'listener' && isThere(),
    ask: (fromMs) => view.gaps({ fromMs, toMs: clock.nowMs() + 1 }),
  });
  return { view, gapCopier };
}
