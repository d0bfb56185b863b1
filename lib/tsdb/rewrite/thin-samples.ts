import type { SampleColumns } from '../chunk/index.ts';
import type { Labels } from '../labels.ts';

/** How samples are thinned. */
export interface Thinning {
  /** One sample is kept of each step `(n × stepMs, (n + 1) × stepMs]`. */
  readonly stepMs: number;
  /** Of counters the samples around each reset are kept, too. */
  readonly isCounter: (labels: Labels) => boolean;
}

/** The bits of the NaN that marks a stale series. */
const staleHi = 0x7ff0_0000;
const staleLo = 2;

/** Upper half of infinity: what is larger without its sign is not a number. */
const infinityHi = 0x7ff0_0000;

/**
 * Leaves in the columns, which hold consecutive samples of one series: the first and the last one,
 * the newest of every step, the first of staleness markers in a row with its neighbours, and of a
 * counter both samples wherever it falls (docs/format/dump.md, "Thinning").
 */
export function thinSamples(samples: SampleColumns, stepMs: number, isCounter: boolean): void {
  const { count, hi, lo, times } = samples;
  if (count === 0) return;
  let kept = 0;
  let isBehindBorder = true;
  let time = times[0]!;
  let high = hi[0]!;
  let low = lo[0]!;
  let stepEndMs = endOfStep(time, stepMs);
  for (let next = 1; next < count; next++) {
    const nextTime = times[next]!;
    const nextHigh = hi[next]!;
    const nextLow = lo[next]!;
    let isBeforeBorder = false;
    if (nextHigh !== high || nextLow !== low) {
      // Nearly all values are positive: their bits are in the order of their numbers.
      if (nextHigh >= infinityHi || high >= infinityHi) {
        isBeforeBorder = isBorder(high, low, nextHigh, nextLow, isCounter);
      } else if (isCounter) {
        isBeforeBorder = nextHigh < high || (nextHigh === high && nextLow < low);
      }
    }
    const isStepEnd = nextTime > stepEndMs;
    if (isBehindBorder || isBeforeBorder || isStepEnd) {
      // A marker that is not behind a border follows another one.
      if (isBehindBorder || !isMarker(high, low)) {
        times[kept] = time;
        hi[kept] = high;
        lo[kept++] = low;
      }
      if (isStepEnd) stepEndMs = endOfStep(nextTime, stepMs);
    }
    isBehindBorder = isBeforeBorder;
    time = nextTime;
    high = nextHigh;
    low = nextLow;
  }
  if (isBehindBorder || !isMarker(high, low)) {
    times[kept] = time;
    hi[kept] = high;
    lo[kept++] = low;
  }
  samples.count = kept;
}

/** Steps begin after a multiple of their length and end with the next one. */
function endOfStep(time: number, stepMs: number): number {
  const over = time % stepMs;
  return over > 0 ? time - over + stepMs : time - over;
}

/** Whether of two samples in a row, of other bits, both must stay. */
function isBorder(
  highA: number,
  lowA: number,
  highB: number,
  lowB: number,
  isCounter: boolean,
): boolean {
  if (isMarker(highA, lowA) !== isMarker(highB, lowB)) return true;
  return isCounter && !isAtLeast(highB, lowB, highA, lowA);
}

function isMarker(high: number, low: number): boolean {
  return low === staleLo && high === staleHi;
}

/** Whether a ≥ b, by their bits: false when one of them is not a number. */
function isAtLeast(highA: number, lowA: number, highB: number, lowB: number): boolean {
  if (isNotANumber(highA, lowA) || isNotANumber(highB, lowB)) return false;
  const isNegativeA = highA >>> 31 === 1;
  if (isNegativeA !== (highB >>> 31 === 1)) {
    // Zero has both signs.
    return !isNegativeA || ((highA | highB) << 1 === 0 && lowA === 0 && lowB === 0);
  }
  const order = highA === highB ? lowA - lowB : highA - highB;
  return isNegativeA ? order <= 0 : order >= 0;
}

function isNotANumber(high: number, low: number): boolean {
  const magnitude = high & 0x7fff_ffff;
  return magnitude > infinityHi || (magnitude === infinityHi && low !== 0);
}
