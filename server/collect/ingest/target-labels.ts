import { compareUtf8 } from '../../../lib/bytes/index.ts';
import { metricNameLabel, type Labels } from '../../../lib/tsdb/index.ts';

/** Puts a target's labels on the series that it exposes. */
export type LabelMerger = (exposed: readonly string[]) => Labels;

/** A label of a merged series and where its value stands. */
interface MergedLabel {
  name: string;
  /** Index in the exposed list, or -1 - the index in that of the target. */
  source: number;
}

/** How the labels of a series are merged, and so those of all series with the same label names. */
interface MergePlan {
  /** The series that it was made for. */
  exposed: readonly string[];
  /** The merged labels, sorted by name, with values to be filled in. */
  labels: readonly string[];
  /** Where the value of each of them stands, as {@link MergedLabel.source}. */
  sources: readonly number[];
}

/**
 * Makes the rule for one target. `exposed` is a flat list of names and values in any order, empty
 * values included. When exposed labels are honoured they win, and an exposed empty label keeps the
 * target's away; otherwise the target's win and an exposed label in the way is renamed to
 * `exported_<name>`, with the prefix repeated until the name is free.
 */
export function labelMerger(
  targetLabels: Readonly<Record<string, string>>,
  honorLabels: boolean,
): LabelMerger {
  const target = Object.entries(targetLabels).flat();
  const makePlan = (exposed: readonly string[]): MergePlan => {
    const merged = honorLabels ? planHonoured(exposed, target) : planOverridden(exposed, target);
    merged.sort((a, b) => compareUtf8(a.name, b.name));
    const labels = merged.flatMap(({ name }) => [name, '']);
    return { exposed, labels, sources: merged.map(({ source }) => source) };
  };
  // Of the kind that all others have: what the engine learns with these it will not have to forget.
  let plan = makePlan([metricNameLabel, '']);
  let other = plan;
  return (exposed) => {
    // Neighbours mostly have the same label names; in histograms two sets of names take turns.
    if (!hasSameShape(exposed, plan.exposed)) {
      const isOther = hasSameShape(exposed, other.exposed);
      [plan, other] = [isOther ? other : makePlan(exposed), plan];
    }
    const merged = plan.labels.slice();
    const { sources } = plan;
    for (let label = 0; label < sources.length; label++) {
      const source = sources[label] ?? 0;
      merged[2 * label + 1] = (source >= 0 ? exposed[source] : target[-1 - source]) ?? '';
    }
    return merged;
  };
}

/** Whether two series have the same label names, and values that are empty for the same ones. */
function hasSameShape(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 2) {
    if (a[at] !== b[at] || (a[at + 1] === '') !== (b[at + 1] === '')) return false;
  }
  return true;
}

function planHonoured(exposed: readonly string[], target: readonly string[]): MergedLabel[] {
  const plan = presentLabels(exposed);
  for (let at = 0; at < target.length; at += 2) {
    const name = target[at] ?? '';
    if (!hasName(exposed, name)) plan.push({ name, source: -2 - at });
  }
  return plan;
}

function planOverridden(exposed: readonly string[], target: readonly string[]): MergedLabel[] {
  const plan: MergedLabel[] = [];
  for (let at = 0; at < target.length; at += 2)
    plan.push({ name: target[at] ?? '', source: -2 - at });
  const inTheWay: MergedLabel[] = [];
  for (const label of presentLabels(exposed)) {
    if (hasName(target, label.name)) inTheWay.push(label);
    else plan.push(label);
  }
  // Shortest first, as Prometheus does it, so that renaming is the same everywhere.
  inTheWay.sort((a, b) => a.name.length - b.name.length);
  for (const { name, source } of inTheWay) {
    let renamed = `exported_${name}`;
    while (plan.some((label) => label.name === renamed)) renamed = `exported_${renamed}`;
    plan.push({ name: renamed, source });
  }
  return plan;
}

/** The labels with a value. */
function presentLabels(exposed: readonly string[]): MergedLabel[] {
  const plan: MergedLabel[] = [];
  for (let at = 0; at < exposed.length; at += 2) {
    if (exposed[at + 1] !== '') plan.push({ name: exposed[at] ?? '', source: at + 1 });
  }
  return plan;
}

function hasName(labels: readonly string[], name: string): boolean {
  for (let at = 0; at < labels.length; at += 2) if (labels[at] === name) return true;
  return false;
}
