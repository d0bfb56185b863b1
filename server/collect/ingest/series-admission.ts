import type {
  SeriesResolver,
  SeriesVariants,
  VariantResolver,
} from '../../../lib/exposition/index.ts';
import { isDropped } from '../../settings/index.ts';
import type { CollectSettings } from '../collect-settings.ts';
import { checkLabelLimits, isTooLong } from './label-limits.ts';
import type { SeriesGrowth } from './series-growth.ts';
import { labelMerger, type LabelMerger } from './target-labels.ts';

/** The settings that decide which series there are. */
export type SeriesRules = Pick<
  CollectSettings,
  'honorLabels' | 'dropRules' | 'labelLimit' | 'labelNameLengthLimit' | 'labelValueLengthLimit'
>;

/** Decides which of the series that a target exposes are stored, and with which labels. */
export class SeriesAdmission implements VariantResolver {
  /** Puts the target's labels on exposed ones. */
  readonly merge: LabelMerger;
  readonly #targetLabels: Readonly<Record<string, string>>;
  readonly #rules: SeriesRules;
  readonly #growth: SeriesGrowth;
  /** Labels that rules look at. */
  readonly #ruledLabels: ReadonlySet<string>;
  /** The label that was asked about last, and whether series are told apart by it alone. */
  #lastLabel = '';
  #mayVary = false;

  constructor(
    targetLabels: Readonly<Record<string, string>>,
    rules: SeriesRules,
    growth: SeriesGrowth,
  ) {
    this.merge = labelMerger(targetLabels, rules.honorLabels);
    this.#targetLabels = targetLabels;
    this.#rules = rules;
    this.#growth = growth;
    this.#ruledLabels = new Set(
      rules.dropRules.flatMap(({ matchers }) => matchers.map((m) => m.label)),
    );
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
  vary(ref: number, label: string, value: string): number | undefined {
    const isLong = isTooLong(value, this.#rules.labelValueLengthLimit);
    if (isLong || !this.#isPlainLabel(label)) return undefined;
    return this.#growth.admitVariant(ref, label, value);
  }

  /** As {@link vary}, of many; of none of them when one needs a closer look. */
  varyEach(variants: SeriesVariants): void {
    const { count, name, longestValue, found } = variants;
    const limit = this.#rules.labelValueLengthLimit;
    const mayBeLong = limit > 0 && 3 * longestValue > limit;
    if (this.#isPlainLabel(name) && !mayBeLong) this.#growth.admitVariants(variants);
    else found.fill(-1, 0, count);
  }

  /** As {@link #isPlain}, which it asks once for series in a row. */
  #isPlainLabel(label: string): boolean {
    // Series that are new mostly differ in the same label.
    if (label !== this.#lastLabel) {
      this.#lastLabel = label;
      this.#mayVary = this.#isPlain(label);
    }
    return this.#mayVary;
  }

  /** Whether the value of an exposed label is stored under its name, whatever it is. */
  #isPlain(label: string): boolean {
    // Where the target's own labels win, an exposed one of the same name is stored by another name.
    const isTaken = !this.#rules.honorLabels && Object.hasOwn(this.#targetLabels, label);
    // A rule that does not look at this label says the same of both series.
    return !isTaken && !this.#ruledLabels.has(label);
  }
}
