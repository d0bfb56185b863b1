import { say, type KnownSentence } from '../../api/index.ts';
import { maxNamedTargets } from './limits.ts';
import type { ScrapeTarget } from './target.ts';

/** Items with one key together, groups and items in the order in which they came. */
export function alike<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): (readonly [Item, ...Item[]])[] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
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
