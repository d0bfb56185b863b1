import { createContext, useContext } from 'react';
import type { ChangeFeed } from './change-feed.ts';

export const FeedContext = createContext<ChangeFeed | null>(null);

/** What the server tells of changes, for the plugin instance that rendered this component. */
export function useFeed(): ChangeFeed {
  const feed = useContext(FeedContext);
  if (feed === null) {
    throw new Error('rendered outside the plugin');
  }
  return feed;
}
