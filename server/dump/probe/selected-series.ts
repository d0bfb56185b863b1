import type { DumpFilter } from '../../../api/index.ts';
import type { BlockReader } from '../../../lib/tsdb/index.ts';
import { valueTests, type ValueTest } from '../selection/index.ts';

type Index = BlockReader['index'];

/** Refs of the series of a block that a filter lets through, ascending; without looking at each. */
export function selectedSeries(index: Index, filter: DumpFilter | null): Uint32Array {
  if (filter === null) return index.allPostings();
  let selected: Uint32Array | undefined;
  for (const test of valueTests(filter)) {
    const fitting = seriesWith(index, test);
    selected = selected === undefined ? fitting : inBoth(selected, fitting);
  }
  return selected ?? index.allPostings();
}

/** Series of which the label has a value that fits. */
function seriesWith(index: Index, { fits, label }: ValueTest): Uint32Array {
  const lists = index
    .labelValues(label)
    .filter((value) => fits(value))
    .map((value) => index.postings(label, value));
  const refs = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let end = 0;
  for (const list of lists) {
    refs.set(list, end);
    end += list.length;
  }
  // A series has one value of a label: no ref is there twice.
  return refs.sort();
}

function inBoth(a: Uint32Array, b: Uint32Array): Uint32Array {
  const both = new Uint32Array(Math.min(a.length, b.length));
  let count = 0;
  for (let atA = 0, atB = 0; atA < a.length && atB < b.length;) {
    const order = (a[atA] ?? 0) - (b[atB] ?? 0);
    if (order === 0) both[count++] = a[atA] ?? 0;
    if (order <= 0) atA++;
    if (order >= 0) atB++;
  }
  return both.subarray(0, count);
}
