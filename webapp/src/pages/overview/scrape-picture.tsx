import React from 'react';
import type { ScrapeOutcome } from '../../../../api/index.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { formatDuration } from '../../format.ts';
import { useLocale, useText } from '../../i18n/use-text.ts';
import { SHOWN_SCRAPES } from './scrape-history.ts';

/** The newest scrapes of a target as a picture, with the same in words. */
export function ScrapePicture({ outcomes }: { outcomes: ScrapeOutcome[] }) {
  const say = useText();
  const locale = useLocale();
  if (outcomes.length === 0) {
    return <>–</>;
  }
  const durations = outcomes.filter(({ isUp }) => isUp).map(({ durationMs }) => durationMs);
  const count = outcomes.length;
  const failed = count - durations.length;
  const label =
    durations.length === 0
      ? say('mmx.scrapes.none', { count })
      : say('mmx.scrapes.some', {
          count,
          failed,
          min: formatDuration(Math.min(...durations), locale),
          max: formatDuration(Math.max(...durations), locale),
        });
  return <Sparkline outcomes={outcomes} slots={SHOWN_SCRAPES} label={label} />;
}
