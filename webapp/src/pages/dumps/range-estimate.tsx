import React, { useEffect, useState } from 'react';
import type { DumpEstimate } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';
import { toFailure } from '../../api/failure.ts';
import { ServerText } from '../../components/server-text.tsx';
import { formatBytes, formatShortCount } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';

/** Wait after the last change, so that typing a date does not ask at every digit. */
const ESTIMATE_DELAY_MS = 500;

/**
 * How large a dump of this range would be. Mounted anew for each range. When the API refuses the
 * range it says why, before anybody has to click; other failures are left to the click itself.
 */
export function RangeEstimate({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  const say = useText();
  const api = useApi();
  const locale = useLocale();
  // The end of a range that reaches into the present moves on; the question stays the first one.
  const [range] = useState({ from: fromMs, to: toMs });
  const [estimate, setEstimate] = useState<DumpEstimate | null>(null);
  const [refusal, setRefusal] = useState('');
  useEffect(() => {
    const request = new AbortController();
    const timer = setTimeout(() => {
      api.estimate(range, request.signal).then(setEstimate, (error: unknown) => {
        const failure = toFailure(error);
        if (!request.signal.aborted && failure.kind === 'refused') {
          setRefusal(failure.message);
        }
      });
    }, ESTIMATE_DELAY_MS);
    return () => {
      clearTimeout(timer);
      request.abort();
    };
  }, [api, range]);
  if (estimate === null) {
    return (
      <span role="status">
        <ServerText text={refusal} />
      </span>
    );
  }
  const size = formatBytes(estimate.bytes, locale);
  const samples = formatShortCount(estimate.samples, locale);
  return <span role="status">{say('mmx.dumps.range.estimate', { size, samples })}</span>;
}
