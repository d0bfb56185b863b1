import React from 'react';
import { useTimes } from '../zone/use-times.ts';

/** A time in the chosen zone, with the other one on hover. */
export function Time({ ms }: { ms: number }) {
  const times = useTimes();
  return (
    <time dateTime={new Date(ms).toISOString()} title={times.otherTime(ms)}>
      {times.time(ms)}
    </time>
  );
}

export function TimeRange({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  const times = useTimes();
  return (
    <span title={`${times.otherTime(fromMs)} – ${times.otherTime(toMs)}`}>
      {times.range(fromMs, toMs)}
    </span>
  );
}
