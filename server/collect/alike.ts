import { say, type KnownSentence } from '../../api/index.ts';
import { maxNamedTargets } from './limits.ts';
import type { ScrapeTarget } from './target.ts';

/** Items with one key together, groups and items in the order in which they came. */
export function alike<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): (readonly [Item, ...Item[]])[] {
  // A group is there because of an item.
  return [...Map.groupBy(items, keyOf).values()] as [Item, ...Item[]][];
}

/** How a target is called where there is no room for its address. */
export function nameOf({ instance, job }: ScrapeTarget): KnownSentence {
  return say('target.named', { instance, job });
}

/** The first few names, and how many there are besides. */
export function listed(names: readonly KnownSentence[]): KnownSentence | readonly KnownSentence[] {
  // As long as the last one takes no more room than that there is one more.
  if (names.length <= maxNamedTargets + 1) return names;
  const moreCount = names.length - maxNamedTargets;
  return say('names.more', { names: names.slice(0, maxNamedTargets), moreCount });
}
