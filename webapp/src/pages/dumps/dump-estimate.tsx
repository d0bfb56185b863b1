import React, { useEffect, useRef, useState } from 'react';
import type { DumpEstimate, DumpRequest } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { toFailure } from '../../api/failure.ts';
import { ServerText } from '../../components/server-text.tsx';
import { formatBytes, formatDuration, formatShortCount } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';

/** Wait after the last change, so that typing does not ask at every key. */
const ESTIMATE_DELAY_MS = 500;

/** An estimate is no promise: a dump takes a second even when it is nothing. */
const SHORTEST_MS = 1_000;

interface Answer {
  /** Of what this is the answer. */
  key: string;
  estimate: DumpEstimate | null;
  /** Why the API would not make it. */
  refusal: string;
}

export interface DumpEstimateLineProps {
  request: DumpRequest;
  /** Changes when another dump is meant; a moving end alone is no other dump. */
  requestKey: string;
}

/**
 * How large a dump would be and how long it would take. When the API would refuse it, it says why before
 * anybody has to click; other failures are left to the click itself. The last answer stays until the
 * next one is there.
 */
export function DumpEstimateLine({ request, requestKey }: DumpEstimateLineProps) {
  const api = useApi();
  const newest = useRef(request);
  newest.current = request;
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    const asking = new AbortController();
    const timer = setTimeout(() => {
      api.estimate(newest.current, asking.signal).then(
        (estimate) => {
          setAnswer({ key: requestKey, estimate, refusal: '' });
        },
        (error: unknown) => {
          if (!asking.signal.aborted) {
            const failure = toFailure(error);
            const refusal = failure.kind === 'refused' ? failure.message : '';
            setAnswer({ key: requestKey, estimate: null, refusal });
          }
        },
      );
    }, ESTIMATE_DELAY_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [api, requestKey]);
  return (
    <span role="status" className={answer?.key === requestKey ? undefined : 'mmx-refreshing'}>
      {answer !== null && <Words answer={answer} />}
    </span>
  );
}

function Words({ answer: { estimate, refusal } }: { answer: Answer }) {
  const say = useText();
  const locale = useLocale();
  if (estimate === null) {
    return <ServerText text={refusal} />;
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
