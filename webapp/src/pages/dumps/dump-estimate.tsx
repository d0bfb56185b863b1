import React from 'react';
import type { DumpEstimate, DumpRequest } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { ServerText } from '../../components/server-text.tsx';
import { formatBytes, formatDuration, formatShortCount } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';
import { useAnswer, type Answer } from '../../polling/use-answer.ts';

/** An estimate is no promise: a dump takes a second even when it is nothing. */
const SHORTEST_MS = 1_000;

export interface DumpEstimateLineProps {
  request: DumpRequest;
  /** Changes when another dump is meant; a moving end alone is no other dump. */
  requestKey: string;
}

/**
 * How large a dump would be and how long it would take. When the API would refuse it, it says why before
 * anybody has to click; other failures are left to the click itself.
 */
export function DumpEstimateLine({ request, requestKey }: DumpEstimateLineProps) {
  const api = useApi();
  const answer = useAnswer({
    key: requestKey,
    ask: (signal) => api.estimate(request, signal),
  });
  return (
    <span role="status" className={answer?.key === requestKey ? undefined : 'mmx-refreshing'}>
      {answer !== null && <Words answer={answer} />}
    </span>
  );
}

function Words({ answer: { failure, value: estimate } }: { answer: Answer<DumpEstimate> }) {
  const say = useText();
  const locale = useLocale();
  if (estimate === null) {
    return failure?.kind === 'refused' ? (
      <ServerText text={failure.message} sentence={failure.sentence} />
    ) : null;
  }
  return (
    <>
      {say('mmx.dumps.range.estimate', {
        size: formatBytes(estimate.bytes, locale),
        samples: formatShortCount(estimate.samples, locale),
        series: estimate.series,
        duration: formatDuration(Math.max(SHORTEST_MS, estimate.seconds * 1_000), locale),
      })}
    </>
  );
}
