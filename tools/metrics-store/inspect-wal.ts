import { join } from 'node:path';

import { walkWal, type WalEntry } from '../../lib/tsdb/index.ts';
import type { InspectCommand } from './command-line.ts';
import type { Line } from './output.ts';
import { many, labelsObject, labelsText, timeText } from './printable.ts';
import type { TellTrouble } from './stored-blocks.ts';

/** Labels of so many series of one record are shown. */
const shownSeries = 3;

/** The records of a WAL, one line each. */
export function* listWal({ dir }: InspectCommand, tell: TellTrouble): Generator<Line> {
  for (const entry of walkWal(join(dir, 'wal'))) {
    if (entry.kind !== 'finding') {
      yield recordLine(entry);
      continue;
    }
    const { message, offset, path, severity } = entry.finding;
    if (severity !== 'error') continue;
    tell(offset === undefined ? path : `${path}@${String(offset)}`, new Error(message));
  }
}

function recordLine(entry: Exclude<WalEntry, { kind: 'finding' }>): Line {
  const { kind, offset, path, sizeBytes } = entry;
  const place = `${path}@${String(offset)}  ${String(sizeBytes)} B`;
  const json = { segment: path, offset, sizeBytes, kind };
  switch (entry.kind) {
    case 'series': {
      const { series } = entry;
      const first = series.slice(0, shownSeries);
      const names = first.map(({ ref, labels }) => `${String(ref)}=${labelsText(labels)}`);
      if (series.length > shownSeries) names.push('…');
      const listed = series.map(({ ref, labels }) => ({ ref, labels: labelsObject(labels) }));
      const text = `${place}  ${String(series.length)} series  ${names.join(' ')}`;
      return { text, json: { ...json, series: listed } };
    }
    case 'samples': {
      const { count, timesMs } = entry.samples;
      const times = timesMs.subarray(0, count);
      const fromMs = times.reduce((least, timeMs) => Math.min(least, timeMs), Infinity);
      const toMs = times.reduce((most, timeMs) => Math.max(most, timeMs), -Infinity);
      const range = count === 0 ? '' : `  ${timeText(fromMs)}  ${timeText(toMs)}`;
      const span = count === 0 ? {} : { firstMs: fromMs, lastMs: toMs };
      const text = `${place}  ${many(count, 'sample')}${range}`;
      return { text, json: { ...json, samples: count, ...span } };
    }
    case 'other': {
      const text = `${place}  record of type ${String(entry.type)}`;
      return { text, json: { ...json, type: entry.type } };
    }
  }
}
