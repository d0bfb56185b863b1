import {
  codeOf,
  systemClock,
  type Clock,
  type ThreadContext,
  type ThreadHandlers,
} from '../../../lib/runtime/index.ts';
import { openBlock } from '../../../lib/tsdb/index.ts';
import { hostOf } from '../selection/index.ts';
import { maxChoicesPerBlock } from '../limits.ts';
import type { BlockValues, ValuesRequest, ValuesResult } from './protocol.ts';

/** The worker's side of what a dump can be limited to. */
export function createChoiceHandlers(clock: Pick<Clock, 'monotonicMs'> = systemClock) {
  return {
    'dump.values': ({ budgetMs, dirs }: ValuesRequest, context: ThreadContext): ValuesResult => {
      const untilMs = clock.monotonicMs() + budgetMs;
      return dirs.map((dir, at) => {
        context.checkCancelled();
        // One is looked at in any case, so that asking again comes to an end.
        return at > 0 && clock.monotonicMs() > untilMs ? null : valuesOf(dir);
      });
    },
  } satisfies ThreadHandlers;
}

/** Null when it was deleted meanwhile, or is damaged, which a dump of it will say. */
function valuesOf(dir: string): BlockValues | null {
  try {
    const reader = openBlock(dir);
    try {
      const hosts = new Set(reader.index.labelValues('instance').map(hostOf));
      return {
        hosts: [...hosts].filter(Boolean).slice(0, maxChoicesPerBlock),
        jobs: reader.index.labelValues('job').slice(0, maxChoicesPerBlock),
      };
    } finally {
      reader.close();
    }
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (code !== 'ENOENT' && !code.startsWith('TSDB_')) throw error;
    return null;
  }
}
