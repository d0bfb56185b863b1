import type { PageClock } from './poller.ts';

/** Time and visibility of the page that runs this script. */
export const pageClock: PageClock = {
  monotonicMs: () => performance.now(),
  setTimer(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return () => {
      clearTimeout(handle);
    };
  },
  isVisible: () => document.visibilityState === 'visible',
  onVisibilityChange(run) {
    document.addEventListener('visibilitychange', run);
    return () => {
      document.removeEventListener('visibilitychange', run);
    };
  },
};
