import { labelValue, metricNameLabel, type Labels } from '../../lib/tsdb/index.ts';
import type { CollectSettings } from './collect-settings.ts';
import { ScrapeError } from './errors.ts';

export type LabelLimits = Pick<
  CollectSettings,
  'labelLimit' | 'labelNameLengthLimit' | 'labelValueLengthLimit'
>;

/** Longest text of a target that a message repeats. */
const shownChars = 60;

/**
 * Throws {@link ScrapeError} when a series has more or longer labels than allowed. The metric name
 * is a label here, and so are those of the target, as in Prometheus; lengths are UTF-8 bytes.
 */
export function checkLabelLimits(labels: Labels, limits: LabelLimits): void {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = limits;
  const count = labels.length / 2;
  if (labelLimit > 0 && count > labelLimit) {
    const what = `has ${String(count)} labels, ${String(labelLimit)} are allowed (LabelLimit)`;
    throw new ScrapeError('SCRAPE_LABEL_LIMIT', `The series ${nameOf(labels)} ${what}.`);
  }
  for (let at = 0; at < labels.length; at += 2) {
    const name = labels[at] ?? '';
    if (isTooLong(name, labelNameLengthLimit)) {
      const limit = `${String(labelNameLengthLimit)} bytes (LabelNameLengthLimit)`;
      const message = `A label name of ${nameOf(labels)} is longer than ${limit}: ${shown(name)}.`;
      throw new ScrapeError('SCRAPE_LABEL_NAME_LIMIT', message);
    }
    if (isTooLong(labels[at + 1] ?? '', labelValueLengthLimit)) {
      const limit = `${String(labelValueLengthLimit)} bytes (LabelValueLengthLimit)`;
      const message = `The label ${shown(name)} of ${nameOf(labels)} has a value longer than ${limit}.`;
      throw new ScrapeError('SCRAPE_LABEL_VALUE_LIMIT', message);
    }
  }
}

/** Whether a text has more than `limit` bytes; most texts are told apart by their characters. */
export function isTooLong(text: string, limit: number): boolean {
  if (limit === 0 || 3 * text.length <= limit) return false;
  return text.length > limit || Buffer.byteLength(text) > limit;
}

function nameOf(labels: Labels): string {
  return shown(labelValue(labels, metricNameLabel) ?? '');
}

function shown(text: string): string {
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
}
