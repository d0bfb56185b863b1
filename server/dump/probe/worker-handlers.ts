import type { DumpPreview } from '../../../api/index.ts';
import { systemClock, type Clock, type ThreadHandlers } from '../../../lib/runtime/index.ts';
import type { Thinning } from '../../../lib/tsdb/index.ts';
import { counterTest } from '../counter-metrics.ts';
import { estimate } from './estimate.ts';
import { preview } from './preview.ts';
import type { EstimateRequest, EstimateResult, PreviewRequest, ProbeRequest } from './protocol.ts';

/** The worker's side of estimates and previews. */
export function createProbeHandlers(clock: Pick<Clock, 'monotonicMs'> = systemClock) {
  const monotonicMs = () => clock.monotonicMs();
  return {
    'dump.estimate': (request: EstimateRequest): EstimateResult => {
      return estimate(request, thinningOf(request), monotonicMs);
    },
    'dump.preview': (request: PreviewRequest): DumpPreview => preview(request, monotonicMs),
  } satisfies ThreadHandlers;
}

function thinningOf({ thinning }: ProbeRequest): Thinning | undefined {
  if (thinning === null) return undefined;
  return { stepMs: thinning.stepMs, isCounter: counterTest(thinning.types) };
}
