import type { Labels } from '../labels.ts';
import { bitsOf, labelsOf } from './store-fixture.ts';

export const crashStartMs = 1_699_999_200_000;
export const crashRangeMs = 20_000;

/** What the child commits in a round: lasting series, and one that lives for ten rounds. */
export function crashSamples(
  round: number,
): { labels: Labels; timeMs: number; lo: number; hi: number }[] {
  const timeMs = crashStartMs + round * 1000;
  const all: [Labels, number][] = [
    ...Array.from({ length: 20 }, (_, at): [Labels, number] => [
      labelsOf('lasting', { at: String(at) }),
      round * at,
    ]),
    [labelsOf('short', { born: String(Math.floor(round / 10)) }), round / 7],
  ];
  return all.map(([labels, value]) => {
    const [lo, hi] = bitsOf(value);
    return { labels, timeMs, lo, hi };
  });
}
