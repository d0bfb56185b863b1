import { consolePages, makeProblem, say, type Problem } from '../../api/index.ts';
import { clockToleranceMs } from './limits.ts';

/** How far the clock of another node may be ahead of this one's; negative: behind. */
export interface ClockSkew {
  leastMs: number;
  mostMs: number;
}

/**
 * What the time in a node's record says of its clock: it was written at some time since this node
 * looked last, or at any time before it looked first.
 */
export function clockSkewOf(
  writtenMs: number | undefined,
  read: { nowMs: number; sinceLastReadMs: number },
): ClockSkew | undefined {
  if (writtenMs === undefined) return undefined;
  const leastMs = writtenMs - read.nowMs;
  return { leastMs, mostMs: leastMs + read.sinceLastReadMs };
}

/** Nodes whose clock is certainly another one than that of this node, which is `self`. */
export function skewProblems(
  self: string,
  nodes: readonly { host: string; skew: ClockSkew | undefined }[],
): Problem[] {
  const told = nodes.flatMap(({ host, skew }) => {
    if (skew === undefined) return [];
    const { leastMs, mostMs } = skew;
    if (leastMs > clockToleranceMs) {
      return [say('cluster.clock-ahead', { host, skewMs: wholeSeconds(leastMs) })];
    }
    if (mostMs >= -clockToleranceMs) return [];
    return [say('cluster.clock-behind', { host, skewMs: wholeSeconds(-mostMs) })];
  });
  if (told.length === 0) return [];
  return [
    makeProblem({
      code: 'CLUSTER_CLOCK_SKEW',
      severity: 'warning',
      message: say('cluster.clocks', { host: self, nodes: told }),
      advice: say('cluster.clocks.advice'),
      link: consolePages.highAvailability,
    }),
  ];
}

/** Downwards: it is at least so much. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
