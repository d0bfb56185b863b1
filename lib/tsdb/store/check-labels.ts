import { compareUtf8 } from '../../bytes/index.ts';
import type { Labels } from '../labels.ts';
import { maxLabelsPerSeries } from '../limits.ts';
import { StoreError } from './errors.ts';

/** Labels must be such that an index takes them: sorted by name, each name once, no empty text. */
export function checkLabels(labels: Labels): void {
  const { length } = labels;
  if (length === 0 || length % 2 !== 0 || length > 2 * maxLabelsPerSeries) {
    throw new StoreError('TSDB_BAD_LABELS', `${String(length)} is no number of names and values`);
  }
  for (let at = 0; at < length; at += 2) {
    if (labels[at] === '' || labels[at + 1] === '') {
      throw new StoreError('TSDB_BAD_LABELS', 'a label has an empty name or value');
    }
    if (at > 0 && compareUtf8(labels[at - 2]!, labels[at]!) >= 0) {
      throw new StoreError('TSDB_BAD_LABELS', `label ${labels[at]!} is not in order`);
    }
  }
}
