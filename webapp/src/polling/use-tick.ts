import { useEffect, useState } from 'react';
import { pageClock } from './page-clock.ts';

/** Monotonic time that advances every `periodMs` while the page is visible. */
export function useTick(periodMs: number): number {
  const [nowMs, setNowMs] = useState(() => pageClock.monotonicMs());
  useEffect(() => {
    let cancel: (() => void) | null = null;
    const run = () => {
      cancel?.();
      cancel = null;
      if (pageClock.isVisible()) {
        setNowMs(pageClock.monotonicMs());
        cancel = pageClock.setTimer(periodMs, run);
      }
    };
    run();
    const stopWatching = pageClock.onVisibilityChange(run);
    return () => {
      cancel?.();
      stopWatching();
    };
  }, [periodMs]);
  return nowMs;
}
