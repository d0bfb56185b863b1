import type { DumpPreview } from '../../../api/index.ts';
import {
  systemClock,
  systemRng,
  type Clock,
  type Rng,
  type ThreadContext,
  type ThreadHandlers,
} from '../../../lib/runtime/index.ts';
import type { Thinning } from '../../../lib/tsdb/index.ts';
import { counterTest } from '../series/index.ts';
import { estimate } from './estimate.ts';
import { preview } from './preview.ts';
import type {
  EstimateRequest,
  EstimateResult,
  PreviewRequest,
  ProbeRequest,
  SampleBlockRequest,
  SampleBlocks,
} from './protocol.ts';
import { writeSampleBlocks } from './sample-block.ts';
import { workTimeMs } from './work-time.ts';

/** The worker's side of estimates and previews. */
export function createProbeHandlers(
  clock: Pick<Clock, 'monotonicMs' | 'nowMs'> = systemClock,
  rng: Rng = systemRng,
  workTime: () => number = workTimeMs,
) {
  // Whoever looks at the clock has just done something that takes its time.
  const clockOf = (context: Pick<ThreadContext, 'checkCancelled'>) => () => {
    context.checkCancelled();
    return clock.monotonicMs();
  };
  return {
    'dump.estimate': (request: EstimateRequest, context: ThreadContext): EstimateResult => {
      return estimate(request, thinningOf(request), clockOf(context));
    },
    'dump.sampleBlocks': (request: SampleBlockRequest): SampleBlocks => {
      return writeSampleBlocks(request, clock.nowMs(), rng);
    },
    'dump.workTime': (): number => workTime(),
    'dump.preview': (request: PreviewRequest, context: ThreadContext): DumpPreview => {
      return preview(request, clockOf(context));
    },
  } satisfies ThreadHandlers;
}

function thinningOf({ thinning }: ProbeRequest): Thinning | undefined {
  if (thinning === null) return undefined;
  return { stepMs: thinning.stepMs, isCounter: counterTest(thinning.types) };
}
