import type { SeriesResolver, VariantResolver } from '../../lib/exposition/index.ts';
import { isDropped } from '../settings/index.ts';
import type { CollectSettings } from './collect-settings.ts';
import { checkLabelLimits, isTooLong } from './label-limits.ts';
import type { SeriesGrowth } from './series-growth.ts';
import { labelMerger, type LabelMerger } from './target-labels.ts';

/** The settings that decide which series there are. */
export type SeriesRules = Pick<
  CollectSettings,
  'honorLabels' | 'dropRules' | 'labelLimit' | 'labelNameLengthLimit' | 'labelValueLengthLimit'
>;

/** Decides which of the series that a target exposes are stored, and with which labels. */
export class SeriesAdmission {
  /** Puts the target's labels on exposed ones. */
  readonly merge: LabelMerger;
  readonly #targetLabels: Readonly<Record<string, string>>;
  readonly #rules: SeriesRules;
  readonly #growth: SeriesGrowth;

  constructor(
    targetLabels: Readonly<Record<string, string>>,
    rules: SeriesRules,
    growth: SeriesGrowth,
  ) {
    this.merge = labelMerger(targetLabels, rules.honorLabels);
    this.#targetLabels = targetLabels;
    this.#rules = rules;
    this.#growth = growth;
  }

  /** Reference of an exposed series, or -1 when it is not to be stored. */
  readonly resolve: SeriesResolver = (exposed) => {
    const labels = this.merge(exposed);
    const { dropRules } = this.#rules;
    // As in Prometheus, what is dropped may be as long as it likes.
    if (dropRules.length > 0 && isDropped(dropRules, labels)) return -1;
    checkLabelLimits(labels, this.#rules);
    return this.#growth.admit(labels);
  };

  /** As {@link resolve}, of a series that differs from a stored one in the value of one label. */
  readonly vary: VariantResolver = (ref, metric, label, value) => {
    const { honorLabels, dropRules, labelValueLengthLimit } = this.#rules;
    // Where the target's own labels win, an exposed one of the same name is stored by another name.
    if (!honorLabels && Object.hasOwn(this.#targetLabels, label)) return undefined;
    // A rule that does not look at this label says the same of both series.
    const isLookedAt = dropRules.some(({ matchers }) => matchers.some((m) => m.label === label));
    if (isLookedAt || isTooLong(value, labelValueLengthLimit)) return undefined;
    return this.#growth.admitVariant(ref, metric, label, value);
  };
}
