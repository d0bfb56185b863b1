import React from 'react';
import type { ScrapeOutcome } from '../../../api/index.ts';

const SLOT_WIDTH = 2;
const LINE_TOP = 2;
const LINE_BOTTOM = 17;
const STRIP_TOP = 21;
const HEIGHT = 25;

/**
 * The newest scrapes from left to right: a line of how long they took, and below it `up`. A scrape
 * that failed is a bar through both, so that it is seen without colours.
 */
export function Sparkline(props: { outcomes: ScrapeOutcome[]; slots: number; label: string }) {
  const { outcomes, slots, label } = props;
  const longestMs = Math.max(1, ...outcomes.filter(({ isUp }) => isUp).map((o) => o.durationMs));
  const first = slots - outcomes.length;
  const points = outcomes.map(({ durationMs, isUp }, i) => ({
    isUp,
    x: (first + i) * SLOT_WIDTH,
    y: LINE_BOTTOM - (LINE_BOTTOM - LINE_TOP) * (durationMs / longestMs),
  }));
  return (
    <svg
      className="mmx-spark"
      viewBox={`0 0 ${String(slots * SLOT_WIDTH)} ${String(HEIGHT)}`}
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <path className="mmx-spark__line" d={linePath(points)} />
      {points.map(({ x, isUp }) => (
        <rect
          key={x}
          className={isUp ? 'mmx-spark__up' : 'mmx-spark__down'}
          x={x}
          y={isUp ? STRIP_TOP : 0}
          width={isUp ? SLOT_WIDTH : SLOT_WIDTH - 0.3}
          height={isUp ? HEIGHT - STRIP_TOP : HEIGHT}
        />
      ))}
    </svg>
  );
}

interface Point {
  x: number;
  y: number;
  isUp: boolean;
}

/** Breaks where a scrape failed; a scrape between two failures is a dash. */
function linePath(points: readonly Point[]): string {
  return points
    .map(({ x, y, isUp }, i) => {
      if (!isUp) {
        return '';
      }
      const middle = x + SLOT_WIDTH / 2;
      return points[i - 1]?.isUp === true
        ? `L${middle.toFixed(1)} ${y.toFixed(1)}`
        : `M${x.toFixed(1)} ${y.toFixed(1)}L${middle.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
