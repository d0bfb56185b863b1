import { consolePages, type Problem } from '../../api/index.ts';
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

/** Nodes whose clock is certainly another one than this node's. */
export function skewProblems(
  nodes: readonly { host: string; skew: ClockSkew | undefined }[],
): Problem[] {
  const told = nodes.flatMap(({ host, skew }) => {
    if (skew === undefined) return [];
    if (skew.leastMs > clockToleranceMs) return [`${host} ${seconds(skew.leastMs)} ahead`];
    return skew.mostMs < -clockToleranceMs ? [`${host} ${seconds(-skew.mostMs)} behind`] : [];
  });
  if (told.length === 0) return [];
  return [
    {
      code: 'CLUSTER_CLOCK_SKEW',
      severity: 'warning',
      message: `The clocks of the nodes differ; by the clock of this one: ${told.join(', ')}.`,
      advice:
        'Keep the clocks of all nodes with NTP: when another node collects, its samples are refused until its clock has caught up, or stand at wrong times.',
      link: consolePages.highAvailability,
    },
  ];
}

function seconds(ms: number): string {
  return `at least ${String(Math.floor(ms / 1000))} s`;
}
