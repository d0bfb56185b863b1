import { useEffect, useRef, useState } from 'react';
import { toFailure, type RequestFailure } from '../api/failure.ts';

/** Wait after the last change, so that typing does not ask at every key. */
const ASK_DELAY_MS = 500;

export interface Answer<T> {
  /** What was asked. */
  key: string;
  /** Null when there was none. */
  value: T | null;
  failure: RequestFailure | null;
}

export interface Question<T> {
  /** Changes when something else is asked. */
  key: string;
  ask: (signal: AbortSignal) => Promise<T>;
}

/**
 * Asks when the question has not changed for a moment, and nothing while it is null. The last answer
 * stays until the next one is there: its own key tells what it is about.
 */
export function useAnswer<T>(question: Question<T> | null): Answer<T> | null {
  const newest = useRef(question);
  newest.current = question;
  const key = question?.key ?? null;
  const [answer, setAnswer] = useState<Answer<T> | null>(null);
  useEffect(() => {
    if (key === null) {
      return undefined;
    }
    const asking = new AbortController();
    const timer = setTimeout(() => {
      newest.current?.ask(asking.signal).then(
        (value) => {
          setAnswer({ key, value, failure: null });
        },
        (error: unknown) => {
          if (!asking.signal.aborted) {
            setAnswer({ key, value: null, failure: toFailure(error) });
          }
        },
      );
    }, ASK_DELAY_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [key]);
  return answer;
}
