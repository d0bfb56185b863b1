/**
 * What a thinned dump keeps of the samples that a series has in one block, by the words of
 * docs/format/dump.md, one sample after the other. All that is not a number is a staleness marker.
 */
export function naivelyThinned(
  samples: ReadonlyMap<number, number>,
  stepMs: number,
  isCounter: boolean,
): Map<number, number> {
  const all = [...samples].sort(([a], [b]) => a - b);
  const valueAt = (at: number) => all[at]?.[1] ?? 0;
  const isStale = (at: number) => Number.isNaN(valueAt(at));
  const stepOf = (at: number) => Math.ceil((all[at]?.[0] ?? NaN) / stepMs);
  const rules: ((at: number) => boolean)[] = [
    (at) => at === 0 || at === all.length - 1,
    (at) => stepOf(at) !== stepOf(at + 1),
    // The first of markers and the sample after the last, and the sample before the first.
    (at) => isStale(at) !== isStale(at - 1),
    (at) => !isStale(at) && isStale(at + 1),
    (at) => isCounter && (valueAt(at) < valueAt(at - 1) || valueAt(at + 1) < valueAt(at)),
  ];
  return new Map(all.filter((_, at) => rules.some((isKept) => isKept(at))));
}
