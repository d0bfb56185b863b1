import { compareUtf8 } from '../../lib/bytes/index.ts';
import type { Labels } from '../../lib/tsdb/index.ts';

/** Puts a target's labels on the series that it exposes. */
export type LabelMerger = (exposed: readonly string[]) => Labels;

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
  return (exposed) => {
    const merged: string[] = [];
    if (honorLabels) {
      addPresent(merged, exposed);
      for (let at = 0; at < target.length; at += 2) {
        if (!hasName(exposed, target[at])) merged.push(target[at] ?? '', target[at + 1] ?? '');
      }
    } else addOverridden(merged, exposed, target);
    return sortByName(merged);
  };
}

function addPresent(merged: string[], exposed: readonly string[]): void {
  for (let at = 0; at < exposed.length; at += 2) {
    const value = exposed[at + 1] ?? '';
    if (value !== '') merged.push(exposed[at] ?? '', value);
  }
}

function addOverridden(merged: string[], exposed: readonly string[], target: string[]): void {
  merged.push(...target);
  const inTheWay: [string, string][] = [];
  for (let at = 0; at < exposed.length; at += 2) {
    const [name = '', value = ''] = [exposed[at], exposed[at + 1]];
    if (value === '') continue;
    if (hasName(target, name)) inTheWay.push([name, value]);
    else merged.push(name, value);
  }
  // Shortest first, as Prometheus does it, so that renaming is the same everywhere.
  inTheWay.sort((a, b) => a[0].length - b[0].length);
  for (const [name, value] of inTheWay) {
    let renamed = `exported_${name}`;
    while (hasName(merged, renamed)) renamed = `exported_${renamed}`;
    merged.push(renamed, value);
  }
}

function hasName(labels: readonly string[], name: string | undefined): boolean {
  for (let at = 0; at < labels.length; at += 2) if (labels[at] === name) return true;
  return false;
}

/** Sorts pairs in place, by the bytes of their names. */
function sortByName(labels: string[]): Labels {
  for (let at = 2; at < labels.length; at += 2) {
    const [name = '', value = ''] = [labels[at], labels[at + 1]];
    let slot = at;
    for (; slot > 0 && compareUtf8(labels[slot - 2] ?? '', name) > 0; slot -= 2) {
      labels[slot] = labels[slot - 2] ?? '';
      labels[slot + 1] = labels[slot - 1] ?? '';
    }
    labels[slot] = name;
    labels[slot + 1] = value;
  }
  return labels;
}
