import { say } from '../../api/index.ts';
import { codeOf } from '../../lib/runtime/index.ts';
import type { Store } from '../../lib/tsdb/index.ts';
import type { HeadSource } from '../dump/index.ts';
import type { Membership } from '../membership/index.ts';
import type { HeadSnapshots } from '../share/index.ts';

/** What {@link headSource} stands on. */
export interface HeadSourceOptions {
  store: Pick<Store, 'blocks' | 'stats'>;
  snapshots: HeadSnapshots;
  /** Undefined on a server that is not in a cluster. */
  membership: Membership | undefined;
}

/** Where dumps find the newest samples of the deployment, whichever node collects them. */
export function headSource({ store, snapshots, membership }: HeadSourceOptions): HeadSource {
  return {
    async flush(signal) {
      // What this node collects itself is in its own head.
      if (membership === undefined || membership.mode === 'scraper') return undefined;
      try {
        await membership.ask('head.flush', {}, signal);
        return undefined;
      } catch (error) {
        const { node } = membership.collector();
        if (node === '') return say('note.nobody-collects');
        return say('note.head-refused', { node, code: codeOf(error) ?? 'UNKNOWN' });
      }
    },
    async refresh(signal) {
      await snapshots.list({ signal });
    },
    blocks() {
      const { headMinMs, headMaxMs } = store.stats();
      const held = store.blocks().map(({ mint, maxt }) => ({ mint, maxt }));
      if (headMinMs !== undefined && headMaxMs !== undefined) {
        held.push({ mint: headMinMs, maxt: headMaxMs + 1 });
      }
      return snapshots.needed(held);
    },
  };
}
