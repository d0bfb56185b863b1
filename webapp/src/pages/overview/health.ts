import type { Problem, Status } from '../../../../api/index.ts';

export type Tone = 'good' | 'busy' | 'warning' | 'error' | 'neutral';

export type HealthWord = 'working' | 'starting' | 'attention' | 'stopped';

/** The answer to "is it working?". */
export function judgeHealth(status: Status): { word: HealthWord; tone: Tone } {
  if (status.state === 'stopped') {
    return { word: 'stopped', tone: 'error' };
  }
  if (status.problems.some((problem) => problem.severity === 'error')) {
    return { word: 'attention', tone: 'error' };
  }
  if (status.state === 'starting') {
    return { word: 'starting', tone: 'busy' };
  }
  if (status.state === 'degraded' || status.problems.length > 0) {
    return { word: 'attention', tone: 'warning' };
  }
  return { word: 'working', tone: 'good' };
}

/** Errors before warnings; otherwise in the order of the server. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const rank = (problem: Problem) => (problem.severity === 'error' ? 0 : 1);
  return [...problems].sort((a, b) => rank(a) - rank(b));
}

const CLOCKS_DIFFER = 'CLUSTER_CLOCK_SKEW';

/** Missed scrapes after which the newest sample counts as old. */
const STALE_INTERVALS = 3;

/**
 * Whether collecting was late when the server said so: what has passed since, until the page asks again,
 * makes nothing late, and neither does a clock that is not the collecting node's.
 */
export function isStale(status: Status): boolean {
  const { newestSampleMs, nowMs, problems, scrapeIntervalSeconds } = status;
  if (newestSampleMs === null || problems.some(({ code }) => code === CLOCKS_DIFFER)) {
    return false;
  }
  return nowMs - newestSampleMs > STALE_INTERVALS * scrapeIntervalSeconds * 1_000;
}

export const STARTING_POLL_MS = 2_000;
export const STEADY_POLL_MS = 15_000;

/** Pace of the overview: quick until the first sample is there, because somebody is waiting for it. */
export function statusDelayMs(status: Status): number {
  const isWaited = status.state === 'starting' || status.newestSampleMs === null;
  return isWaited ? STARTING_POLL_MS : STEADY_POLL_MS;
}
