import { tickToleranceMs } from '../limits.ts';

/**
 * The ticks of a target are the times `k * interval + offset` of the wall clock. They do not depend
 * on when anything started, so that a restart goes on in the same rhythm.
 */

/** A stable offset inside the interval that spreads targets evenly. */
export function tickOffsetMs(key: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x2c1b3c6d) >>> 0) % intervalMs;
}

/** The first tick after `nowMs`. */
export function nextTickMs(nowMs: number, intervalMs: number, offsetMs: number): number {
  return (Math.floor((nowMs - offsetMs) / intervalMs) + 1) * intervalMs + offsetMs;
}

/** The time that samples are stored with: the tick itself unless the scrape came too late. */
export function alignedTimeMs(tickMs: number, nowMs: number, intervalMs: number): number {
  const toleranceMs = Math.max(tickToleranceMs, intervalMs / 100);
  return Math.abs(nowMs - tickMs) <= toleranceMs ? tickMs : nowMs;
}
