import { OnDemandThread, Thread, type Clock } from '../../lib/runtime/index.ts';

/** How long a worker without calls stays. */
export const threadIdleMs = 30_000;

/** The worker of a store as the plugin has it: there while it is needed. `made` hears of each one. */
export function storeThread(clock: Clock, made?: (thread: Thread) => void): OnDemandThread {
  return new OnDemandThread({
    clock,
    create: () => {
      const path = new URL('../../server/worker.ts', import.meta.url);
      const thread = new Thread({ name: 'store', entry: { kind: 'file', path } });
      made?.(thread);
      return thread;
    },
    idleMs: threadIdleMs,
    onHung: (error) => {
      throw error;
    },
  });
}
