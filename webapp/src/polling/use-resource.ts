import { useEffect, useRef, useState } from 'react';
import { isFinal, toFailure, type RequestFailure } from '../api/failure.ts';
import type { Topic } from './change-feed.ts';
import { useFeed } from './feed-context.ts';
import { pageClock } from './page-clock.ts';
import { emptyResource, Poller, type Resource } from './poller.ts';

export interface LiveResource<T> extends Omit<Resource<T>, 'error'> {
  error: RequestFailure | null;
  refresh: () => void;
  patch: (change: (value: T | null) => T | null) => void;
}

/**
 * Keeps a value fresh while the component is mounted and the page visible: loads it again when the
 * server tells of news, and every `delayMs` when it does not.
 * `load`, `delayMs` and `topic` are taken from the first render.
 */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  delayMs: (value: T) => number,
  topic: Topic,
): LiveResource<T> {
  const [resource, setResource] = useState<Resource<T>>(emptyResource);
  const first = useRef({ load, delayMs, topic });
  const feed = useFeed();
  const poller = useRef<Poller<T> | null>(null);
  const commands = useRef({
    refresh: () => poller.current?.refresh(),
    patch: (change: (value: T | null) => T | null) => poller.current?.patch(change),
  });
  useEffect(() => {
    const current = new Poller<T>({
      load: first.current.load,
      delayMs: first.current.delayMs,
      news: {
        watch: (run) => feed.watch(first.current.topic, run),
        isHeard: (paceMs) => feed.isHeard(first.current.topic, paceMs),
      },
      isFinal: (error) => isFinal(toFailure(error).kind),
      onChange: setResource,
      clock: pageClock,
    });
    poller.current = current;
    current.start();
    return () => {
      current.stop();
    };
  }, [feed]);
  const error = resource.error === null ? null : toFailure(resource.error);
  return { ...resource, error, ...commands.current };
}
