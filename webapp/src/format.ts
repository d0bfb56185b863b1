// Numbers, sizes, durations and times as the page shows them. Unit symbols are international, and a
// space that never breaks stands before them.

const GAP = '\u00a0';

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A size in IEC units with three digits: `34.2 MiB`. */
export function formatBytes(bytes: number, locale: string): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const text = value.toLocaleString(locale, {
    minimumFractionDigits: 0,
    maximumFractionDigits: digits,
  });
  return text + GAP + (byteUnits[unit] ?? '');
}

/** Every digit, grouped: `1,234,567`. */
export function formatCount(count: number, locale: string): string {
  return count.toLocaleString(locale, { maximumFractionDigits: 0 });
}

/** Short above a hundred thousand: `1.2M`. */
export function formatShortCount(count: number, locale: string): string {
  if (count < 100_000) {
    return formatCount(count, locale);
  }
  return count.toLocaleString(locale, { notation: 'compact', maximumSignificantDigits: 3 });
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The two largest units that matter: `45 ms`, `1.2 s`, `12 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number, locale: string): string {
  const whole = Math.max(0, ms);
  if (whole < SECOND) {
    return `${String(Math.round(whole))}${GAP}ms`;
  }
  if (whole < 9_950) {
    return `${(whole / SECOND).toLocaleString(locale, { maximumFractionDigits: 1 })}${GAP}s`;
  }
  return formatAge(whole);
}

/**
 * A duration that is told once, such as a limit, in seconds for as long as they matter: `900 ms`, `1.5 s`,
 * `12.5 s`, `95 s`, `2 min 5 s`, `2 h 5 min`.
 */
export function formatSpan(ms: number, locale: string): string {
  if (ms < 9_950) return formatDuration(ms, locale);
  // Half a second is a limit that somebody set; other parts are chance.
  const seconds = ms % 500 === 0 ? ms / SECOND : Math.round(ms / SECOND);
  if (seconds < 120) return `${seconds.toLocaleString(locale)}${GAP}s`;
  return ms < HOUR ? twoUnits(ms, MINUTE, 'min', SECOND, 's') : formatAge(ms);
}

/** Like a duration, in whole seconds, because it is read while it grows. */
export function formatAge(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE) {
    return `${String(Math.floor(whole / SECOND))}${GAP}s`;
  }
  if (whole < HOUR) {
    return `${String(Math.floor(whole / MINUTE))}${GAP}min`;
  }
  return whole < DAY
    ? twoUnits(whole, HOUR, 'h', MINUTE, 'min')
    : twoUnits(whole, DAY, 'd', HOUR, 'h');
}

function twoUnits(ms: number, large: number, largeUnit: string, small: number, smallUnit: string) {
  const first = String(Math.floor(ms / large)) + GAP + largeUnit;
  const rest = Math.floor((ms % large) / small);
  return rest === 0 ? first : [first, String(rest), smallUnit].join(GAP);
}

/** Day and minute in the browser's zone. */
export function formatTime(ms: number, locale: string, timeZone?: string): string {
  return minutes(locale, timeZone).format(ms);
}

/**
 * A range in the browser's zone; what both ends share is said once. With its year: dumps may be kept for one,
 * and metrics for ten.
 */
export function formatRange(fromMs: number, toMs: number, locale: string, timeZone?: string) {
  return minutes(locale, timeZone).formatRange(fromMs, toMs);
}

function minutes(locale: string, timeZone: string | undefined): Intl.DateTimeFormat {
  // Where a day has 24 hours, its first ones have two digits in ranges, so they have them everywhere.
  const { hour12 } = new Intl.DateTimeFormat(locale, { hour: 'numeric' }).resolvedOptions();
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: hour12 === true ? 'numeric' : '2-digit',
    minute: '2-digit',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
}

/** To the second, in UTC, sortable: `2026-11-20 09:02:11 UTC`. */
export function formatUtc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A share as whole percent between 0 and 100. */
export function wholePercent(percent: number): number {
  return Math.min(100, Math.max(0, Math.floor(percent)));
}
