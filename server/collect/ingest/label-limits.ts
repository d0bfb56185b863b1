import { say } from '../../../api/index.ts';
import { labelValue, metricNameLabel, type Labels } from '../../../lib/tsdb/index.ts';
import type { CollectSettings } from '../collect-settings.ts';
import { ScrapeError } from '../errors.ts';

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
    const told = { series: nameOf(labels), labelCount: count, limitCount: labelLimit };
    throw new ScrapeError('SCRAPE_LABEL_LIMIT', say('scrape.label-limit', told));
  }
  for (let at = 0; at < labels.length; at += 2) {
    const name = labels[at] ?? '';
    if (isTooLong(name, labelNameLengthLimit)) {
      const told = { ...whichLabel(labels, name), limitBytes: labelNameLengthLimit };
      throw new ScrapeError('SCRAPE_LABEL_NAME_LIMIT', say('scrape.label-name', told));
    }
    if (isTooLong(labels[at + 1] ?? '', labelValueLengthLimit)) {
      const told = { ...whichLabel(labels, name), limitBytes: labelValueLengthLimit };
      throw new ScrapeError('SCRAPE_LABEL_VALUE_LIMIT', say('scrape.label-value', told));
    }
  }
}

/** Whether a text has more than `limit` bytes; most texts are told apart by their characters. */
export function isTooLong(text: string, limit: number): boolean {
  if (limit === 0 || 3 * text.length <= limit) return false;
  return text.length > limit || Buffer.byteLength(text) > limit;
}

function whichLabel(labels: Labels, name: string): { series: string; label: string } {
  return { series: nameOf(labels), label: shown(name) };
}

function nameOf(labels: Labels): string {
  return shown(labelValue(labels, metricNameLabel) ?? '');
}

function shown(text: string): string {
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
}
