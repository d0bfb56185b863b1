import { useEffect, useRef, useState } from 'react';
import { toFailure, type RequestFailure } from '../api/failure.ts';

export interface Action {
  isRunning: boolean;
  failure: RequestFailure | null;
  run: () => void;
  clear: () => void;
}

/** A request that answers a click: one at a time, given up on unmount, its failure kept to be shown. */
export function useAction(
  request: (signal: AbortSignal) => Promise<void>,
  onDone: () => void,
): Action {
  const [state, setState] = useState<{ isRunning: boolean; failure: RequestFailure | null }>({
    isRunning: false,
    failure: null,
  });
  const running = useRef<AbortController | null>(null);
  useEffect(
    () => () => {
      running.current?.abort();
    },
    [],
  );
  const run = () => {
    running.current?.abort();
    const current = new AbortController();
    running.current = current;
    setState({ isRunning: true, failure: null });
    request(current.signal).then(
      () => {
        if (!current.signal.aborted) {
          setState({ isRunning: false, failure: null });
          onDone();
        }
      },
      (error: unknown) => {
        if (!current.signal.aborted) {
          setState({ isRunning: false, failure: toFailure(error) });
        }
      },
    );
  };
  return {
    ...state,
    run,
    clear: () => {
      setState({ isRunning: false, failure: null });
    },
  };
}
