import type { Gap } from '../../api/index.ts';

/** The gaps of one reason together. */
export interface ReasonSummary {
  reason: string;
  gaps: number;
  /** Whether one of them is still open. */
  isOpen: boolean;
  missedScrapes: number;
  /** Targets that have any, as `job instance`. */
  targets: number;
  /** The newest of them: since when, whose, and what was said. */
  newest: { from: string; target: string; message: string };
}

/** What the gaps were about, those that cost most scrapes first. */
export function gapsByReason(gaps: readonly Gap[]): ReasonSummary[] {
  const groups = Map.groupBy(gaps, ({ reason }) => reason);
  return [...groups]
    .map(([reason, group]) => summaryOf(reason, group))
    .sort((a, b) => b.missedScrapes - a.missedScrapes || b.gaps - a.gaps);
}

function summaryOf(reason: string, gaps: readonly Gap[]): ReasonSummary {
  const newest = gaps.reduce((last, gap) => (gap.fromMs > last.fromMs ? gap : last));
  const nameOf = ({ instance, job }: Gap) => `${job} ${instance}`;
  return {
    reason,
    gaps: gaps.length,
    isOpen: gaps.some(({ toMs }) => toMs === null),
    missedScrapes: gaps.reduce((sum, { missedScrapes }) => sum + missedScrapes, 0),
    targets: new Set(gaps.map(nameOf)).size,
    newest: {
      from: new Date(newest.fromMs).toISOString(),
      target: nameOf(newest),
      message: newest.message,
    },
  };
}
