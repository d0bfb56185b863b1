import type { Zone } from '../../zone/zone.tsx';

/** What somebody asked for; `last` and `since` end at the moment of asking, also when tried again. */
export type RangeChoice =
  | { kind: 'last'; lengthMs: number }
  | { kind: 'since'; fromMs: number }
  | { kind: 'fixed'; fromMs: number; toMs: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The half-open range of a choice, by the server's clock. */
export function resolveRange(choice: RangeChoice, nowMs: number): { from: number; to: number } {
  switch (choice.kind) {
    case 'last':
      return { from: nowMs - choice.lengthMs, to: nowMs };
    case 'since':
      return { from: choice.fromMs, to: nowMs };
    case 'fixed':
      return { from: choice.fromMs, to: choice.toMs };
  }
}

/** Lengths to choose from; `restart` and `everything` begin with something that is known, or not. */
export const presets = ['15m', '1h', '6h', '24h', '3d', '7d', 'restart', 'everything'] as const;

export type Preset = (typeof presets)[number];

const presetLengths: Record<Exclude<Preset, 'restart' | 'everything'>, number> = {
  '15m': 15 * MINUTE_MS,
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '24h': DAY_MS,
  '3d': 3 * DAY_MS,
  '7d': 7 * DAY_MS,
};

/** Where presets without a length begin; null while that is not known. */
export interface PresetStarts {
  /** The oldest sample there is. */
  oldestMs: number | null;
  /** The newest start of a Mattermost server. */
  restartedAtMs: number | null;
}

/** The choice that a preset stands for; null when its beginning is not known. */
export function presetChoice(preset: Preset, starts: PresetStarts): RangeChoice | null {
  if (preset !== 'restart' && preset !== 'everything') {
    return { kind: 'last', lengthMs: presetLengths[preset] };
  }
  const fromMs = preset === 'restart' ? starts.restartedAtMs : starts.oldestMs;
  return fromMs === null ? null : { kind: 'since', fromMs };
}

/** The value of a `datetime-local` input for a time in a zone, to the minute. */
export function toLocalInput(ms: number, zone: Zone): string {
  const date = new Date(ms);
  if (zone === 'utc') {
    return date.toISOString().slice(0, 16);
  }
  const two = (part: number) => String(part).padStart(2, '0');
  const day = [String(date.getFullYear()), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The time a `datetime-local` input holds, or null while it is incomplete. */
export function fromLocalInput(value: string, zone: Zone): number | null {
  if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(value)) {
    return null;
  }
  const ms = new Date(zone === 'utc' ? `${value}Z` : value).getTime();
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
