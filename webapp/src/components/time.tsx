import React from 'react';
import { formatRange, formatTime, formatUtc } from '../format.ts';
import { useLocale } from '../i18n/use-text.ts';

/** A time in the reader's zone, with UTC on hover for comparing with logs. */
export function Time({ ms }: { ms: number }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatUtc(ms)}>
      {formatTime(ms, useLocale())}
    </time>
  );
}

export function TimeRange({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  return (
    <span title={`${formatUtc(fromMs)} – ${formatUtc(toMs)}`}>
      {formatRange(fromMs, toMs, useLocale())}
    </span>
  );
}
