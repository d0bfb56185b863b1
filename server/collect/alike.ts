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

/** Which targets: the first few by name, of the others how many there are. */
export function namedTargets(
  targets: readonly ScrapeTarget[],
): KnownSentence | readonly KnownSentence[] {
  // As long as the name of the last one takes no more room than that there is one more.
  const shown = targets.length <= maxNamedTargets + 1 ? targets : targets.slice(0, maxNamedTargets);
  const names = shown.map(({ instance, job }) => say('target.named', { instance, job }));
  const moreCount = targets.length - shown.length;
  return moreCount === 0 ? names : say('targets.more', { targets: names, moreCount });
}
