import { mergedLabels, type BlockReader, type Labels } from '../../../lib/tsdb/index.ts';
import type { Redactor } from './redactor.ts';
import { labelsHash } from '../series/index.ts';

/** How often it is asked whether to go on, in series. */
const lookSeries = 256;

/**
 * What stands for the labels of the series of some blocks that become one. All of them are looked at
 * first, twice: a series may mention a host that only a later one tells to be one; and series that differ
 * in how a host is written alone have one alias, and stay series of their own.
 */
export function aliasedLabels(
  sources: readonly BlockReader[],
  redactor: Redactor,
  checkCancelled: () => void,
): (labels: Labels) => Labels {
  for (const labels of looked(sources, checkCancelled)) redactor.learnLabels(labels);
  const seen = new Set<number>();
  const same = new Set<number>();
  for (const labels of looked(sources, checkCancelled)) {
    const hash = labelsHash(redactor.labels(labels));
    if (seen.has(hash)) same.add(hash);
    seen.add(hash);
  }
  return (labels) => {
    const aliased = redactor.labels(labels);
    return same.has(labelsHash(aliased)) ? redactor.exactLabels(labels) : aliased;
  };
}

function* looked(
  sources: readonly BlockReader[],
  checkCancelled: () => void,
): Generator<Labels, void, undefined> {
  let count = 0;
  for (const labels of mergedLabels(sources)) {
    if (count++ % lookSeries === 0) checkCancelled();
    yield labels;
  }
}
