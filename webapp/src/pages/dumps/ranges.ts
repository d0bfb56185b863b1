import type { DumpRequest } from '../../../../api/index.ts';

/** What somebody asked for; `last` is taken anew from the clock when it is tried again. */
export type RangeChoice =
  { kind: 'last'; lengthMs: number } | { kind: 'fixed'; fromMs: number; toMs: number };

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The half-open range of a choice, by the server's clock. */
export function resolveRange(choice: RangeChoice, nowMs: number): DumpRequest {
  return choice.kind === 'last'
    ? { from: nowMs - choice.lengthMs, to: nowMs }
    : { from: choice.fromMs, to: choice.toMs };
}

/** The value of a `datetime-local` input for a time, in the browser's zone, to the minute. */
export function toLocalInput(ms: number): string {
  const date = new Date(ms);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = [String(date.getFullYear()), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The time a `datetime-local` input holds, or null while it is incomplete. */
export function fromLocalInput(value: string): number | null {
  if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(value)) {
    return null;
  }
  const ms = new Date(value).getTime();
  return Number.isNaN(ms) ? null : ms;
}

export type RangeFault = 'from-missing' | 'to-missing' | 'reversed' | 'future' | 'before-data';

export interface RangeBounds {
  nowMs: number;
  oldestMs: number | null;
}

/** A range that can be asked for, or what is wrong with it; its end is never later than now. */
export function checkRange(
  fromMs: number | null,
  toMs: number | null,
  bounds: RangeBounds,
): { kind: 'good'; fromMs: number; toMs: number } | { kind: 'bad'; fault: RangeFault } {
  const bad = (fault: RangeFault) => ({ kind: 'bad', fault }) as const;
  if (fromMs === null) {
    return bad('from-missing');
  }
  if (toMs === null) {
    return bad('to-missing');
  }
  if (toMs <= fromMs) {
    return bad('reversed');
  }
  if (fromMs >= bounds.nowMs) {
    return bad('future');
  }
  if (bounds.oldestMs !== null && toMs <= bounds.oldestMs) {
    return bad('before-data');
  }
  return { kind: 'good', fromMs, toMs: Math.min(toMs, bounds.nowMs) };
}
