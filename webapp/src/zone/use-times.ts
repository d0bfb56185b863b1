import { formatRange, formatTime, formatUtc } from '../format.ts';
import { useLocale } from '../i18n/use-text.ts';
import { useZone, zoneName } from './zone.tsx';

/** Times and ranges in the reader's language and zone. */
export interface Times {
  time: (ms: number) => string;
  range: (fromMs: number, toMs: number) => string;
  /** The time in the zone that was not chosen, for comparing. */
  otherTime: (ms: number) => string;
}

export function useTimes(): Times {
  const locale = useLocale();
  const { zone } = useZone();
  const timeZone = zoneName(zone);
  return {
    time: (ms) => formatTime(ms, locale, timeZone),
    range: (fromMs, toMs) => formatRange(fromMs, toMs, locale, timeZone),
    otherTime: (ms) => (zone === 'utc' ? formatTime(ms, locale) : formatUtc(ms)),
  };
}
