import { setImmediate } from 'node:timers/promises';
import { Random } from './random.ts';

/** Something that takes bytes from a stranger. */
export interface FuzzTarget {
  name: string;
  /** Makes one input from `random` and holds what comes of it against what must come. */
  run(random: Random): void | Promise<void>;
  /** Inputs that run beside each other, where each of them mostly waits; 1 unless told. */
  batch?: number;
}

export interface FuzzBudget {
  inputs: number;
  /** Ends earlier when the time is over. */
  maxMs: number;
  seed: number;
}

/** Longest that a batch of inputs may take: all of them are small. */
const hangMs = 5000;

/**
 * Feeds inputs until the budget is used; returns how many. A failure names the seed of its one input:
 * `SEED=… INPUTS=1` repeats it.
 */
export async function fuzz(target: FuzzTarget, budget: FuzzBudget): Promise<number> {
  const startMs = performance.now();
  const batch = target.batch ?? 1;
  for (let count = 0; count < budget.inputs; count += batch) {
    // Ticks and sockets have their turn only between turns of the loop.
    if (count % 256 === 0) await setImmediate();
    const began = process.cpuUsage();
    const seeds = Array.from({ length: batch }, (_, at) => (budget.seed + count + at) >>> 0);
    if (batch > 1) await Promise.all(seeds.map(async (seed) => runOne(target, seed)));
    else {
      // Most inputs are done at once: millions of promises for nothing take time.
      const running = runOne(target, seeds[0] ?? 0);
      if (running !== undefined) await running;
    }
    const endedMs = performance.now();
    // Of our own time: a busy machine may let everybody wait.
    const tookMs = process.cpuUsage(began).user / 1000;
    if (tookMs > hangMs) throw new Error(`${target.name}, SEED=${seeds[0]}: it took ${tookMs} ms`);
    if (endedMs - startMs > budget.maxMs) return count + batch;
  }
  return budget.inputs;
}

function runOne(target: FuzzTarget, seed: number): void | Promise<void> {
  const fail = (cause: unknown) => {
    throw new Error(`${target.name}, SEED=${seed}: ${String(cause)}`, { cause });
  };
  try {
    return target.run(new Random(seed))?.catch(fail);
  } catch (cause) {
    return fail(cause);
  }
}
