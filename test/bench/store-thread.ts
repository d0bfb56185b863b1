import { OnDemandThread, Thread, type Clock } from '../../lib/runtime/index.ts';

/** The worker of a store as the plugin has it: there while it is needed. */
export function storeThread(clock: Clock): OnDemandThread {
  return new OnDemandThread({
    clock,
    create: () => {
      const path = new URL('../../server/worker.ts', import.meta.url);
      return new Thread({ name: 'store', entry: { kind: 'file', path } });
    },
    idleMs: 30_000,
    onHung: (error) => {
      throw error;
    },
  });
}
