import { sleep, type Clock } from '../lib/runtime/index.ts';

/**
 * Runs `attempt` until it succeeds or `signal` aborts, with `pauseMs` in between. Undefined means
 * that it was aborted; every failure is told to `onFailure`.
 */
export async function retrying<Result>(
  attempt: () => Promise<Result>,
  options: {
    clock: Clock;
    signal: AbortSignal;
    pauseMs: number;
    onFailure: (error: unknown) => void;
  },
): Promise<Result | undefined> {
  const { clock, signal, pauseMs, onFailure } = options;
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      onFailure(error);
      await sleep(clock, pauseMs, signal);
    }
  }
  return undefined;
}
