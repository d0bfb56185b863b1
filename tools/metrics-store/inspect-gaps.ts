import type { InspectCommand } from './command-line.ts';
import { UsageError } from './errors.ts';
import { readGaps } from './gap-files.ts';
import type { Line } from './output.ts';
import { printable, timeText } from './printable.ts';

/** Stretches without data, as ledger or manifest have them. */
export function* listGaps({ dir, fromMs, toMs }: InspectCommand): Generator<Line> {
  const gaps = readGaps(dir);
  if (gaps === undefined) throw new UsageError('there is neither a gap ledger nor a manifest');
  for (const gap of gaps) {
    if (gap.fromMs >= toMs || (gap.toMs ?? Infinity) <= fromMs) continue;
    const end = gap.toMs === null ? 'lasts' : timeText(gap.toMs);
    const target = `${printable(gap.job)} ${printable(gap.instance)}`;
    const why = `${printable(gap.reason)}  ${printable(gap.message)}`;
    const text = `${timeText(gap.fromMs)}  ${end}  ${target}  ${String(gap.missed)} missed  ${why}`;
    yield { text, json: gap };
  }
}
