import { Thread, type ThreadCall } from '../../lib/runtime/index.ts';
import type { StoreThread } from '../../lib/tsdb/index.ts';

/** A new worker for each call, as the plugin has after a pause, and the CPU time of each call in it. */
export class TimedThread implements StoreThread {
  /** Milliseconds of the calls so far, by method. */
  readonly tookMs = new Map<string, number[]>();

  async call(method: string, payload: unknown, options: ThreadCall = {}): Promise<unknown> {
    const entry = { kind: 'file', path: new URL('timed-worker.ts', import.meta.url) } as const;
    const thread = new Thread({ name: 'bench', entry });
    const onProgress = (progress: unknown) => {
      const times = this.tookMs.get(method) ?? [];
      times.push((progress as { tookMs: number }).tookMs);
      this.tookMs.set(method, times);
    };
    try {
      return await thread.call(method, payload, { ...options, onProgress });
    } finally {
      await thread.stop();
    }
  }
}
