import type { OpenChunks } from './open-chunks.ts';
import type { SeriesTable } from './series-table.ts';

/**
 * Values that a label has in the series with samples at or after `sinceMs`, in no order. They are looked
 * for here and now: about 5 ms for a hundred thousand series.
 */
export function labelValuesSince(
  series: SeriesTable,
  open: Pick<OpenChunks, 'lastT'>,
  name: string,
  sinceMs: number,
): string[] {
  const { pairs, pairsAt, pairsLength, refs, slotEnd, symbols } = series;
  const nameId = symbols.find(name);
  if (nameId < 0) return [];
  const found = new Set<number>();
  for (let slot = 1; slot < slotEnd; slot++) {
    if (refs[slot] === 0 || open.lastT(slot) < sinceMs) continue;
    const end = pairsAt[slot]! + pairsLength[slot]!;
    for (let at = pairsAt[slot]!; at < end; at += 2) {
      if (pairs[at] === nameId) found.add(pairs[at + 1]!);
    }
  }
  return [...found].map((id) => symbols.text(id));
}
