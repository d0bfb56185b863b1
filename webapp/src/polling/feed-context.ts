import { requiredContext } from '../required-context.ts';
import type { ChangeFeed } from './change-feed.ts';

/** What the server tells of changes, for the plugin instance that rendered a component. */
export const [FeedContext, useFeed] = requiredContext<ChangeFeed>();
