import type { News } from './change-feed.ts';

/** What is known of something that is loaded again and again. Old values stay while new ones load. */
export interface Resource<T> {
  value: T | null;
  /** Monotonic time at which `value` arrived. */
  receivedMs: number;
  /** Why the newest attempt failed; null after a success. */
  error: unknown;
  isLoading: boolean;
}

export const emptyResource: Resource<never> = {
  value: null,
  receivedMs: 0,
  error: null,
  isLoading: true,
};

/** Time and visibility of the page, so that tests own both. */
export interface PageClock {
  monotonicMs(): number;
  setTimer(delayMs: number, run: () => void): () => void;
  isVisible(): boolean;
  onVisibilityChange(run: () => void): () => void;
}

/** The server's news of the value. */
export interface NewsSource {
  /** The answer ends it. */
  watch(run: (news: News) => void): () => void;
  /** Whether news come, so that asking every `paceMs` can be spared. */
  isHeard(paceMs: number): boolean;
}

export interface PollerOptions<T> {
  load: (signal: AbortSignal) => Promise<T>;
  /** How long after a success the next attempt starts, while no news come. */
  delayMs: (value: T) => number;
  news: NewsSource;
  /** True for failures that asking again does not mend. */
  isFinal: (error: unknown) => boolean;
  onChange: (resource: Resource<T>) => void;
  clock: PageClock;
}

/** First wait after a failure; it doubles with each further one. */
export const BACK_OFF_FIRST_MS = 4_000;
export const BACK_OFF_LAST_MS = 60_000;

/** Pace while news come: they are the way to learn of a change, asking is for the one that got lost. */
export const HEARD_POLL_MS = 30_000;

/** News ask at most this often, however many nodes tell of the same. */
export const NEWS_GAP_MS = 1_000;

export function backOffMs(failures: number): number {
  return Math.min(BACK_OFF_LAST_MS, BACK_OFF_FIRST_MS * 2 ** (failures - 1));
}

/**
 * Loads a value at start, when there are news of it, and at the pace its newest value asks for, slower
 * while news come; only while the page is visible. There is one request at a time; an answer that was
 * overtaken is dropped.
 */
export class Poller<T> {
  readonly #options: PollerOptions<T>;
  #resource: Resource<T> = emptyResource;
  #request: AbortController | null = null;
  #cancelTimer: (() => void) | null = null;
  #stopWatching: (() => void) | null = null;
  #failures = 0;
  /** The newest attempt failed in a way that asking again does not mend. */
  #isFinal = false;
  #startedMs = 0;
  /** There were news while a request ran: its answer may be older than they are. */
  #isOutdated = false;

  constructor(options: PollerOptions<T>) {
    this.#options = options;
  }

  start(): void {
    const { clock, news } = this.#options;
    const stopVisibility = clock.onVisibilityChange(() => {
      if (clock.isVisible()) {
        this.refresh();
      } else {
        this.#dropTimer();
      }
    });
    const stopNews = news.watch((kind) => {
      this.#hear(kind);
    });
    this.#stopWatching = () => {
      stopVisibility();
      stopNews();
    };
    if (clock.isVisible()) {
      this.refresh();
    }
  }

  /** Loads now; a request that is under way is given up for the new one. */
  refresh(): void {
    if (this.#stopWatching === null) {
      return;
    }
    this.#dropTimer();
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.#isOutdated = false;
    this.#startedMs = this.#options.clock.monotonicMs();
    this.#publish({ ...this.#resource, isLoading: true });
    this.#options.load(request.signal).then(
      (value) => {
        this.#finish(request, () => this.#succeed(value));
      },
      (error: unknown) => {
        this.#finish(request, () => this.#fail(error));
      },
    );
  }

  /** Changes the value at hand, for what is known before the next answer. */
  patch(change: (value: T | null) => T | null): void {
    this.#publish({ ...this.#resource, value: change(this.#resource.value) });
  }

  stop(): void {
    this.#dropTimer();
    this.#stopWatching?.();
    this.#stopWatching = null;
    this.#request?.abort();
    this.#request = null;
  }

  #finish(request: AbortController, settle: () => void): void {
    if (this.#request === request) {
      this.#request = null;
      settle();
    }
  }

  #succeed(value: T): void {
    const { clock, delayMs } = this.#options;
    const receivedMs = clock.monotonicMs();
    this.#failures = 0;
    this.#isFinal = false;
    if (this.#isOutdated) {
      this.#refreshSoon();
    } else {
      this.#askAfter(delayMs(value), receivedMs);
    }
    this.#publish({ value, receivedMs, error: null, isLoading: false });
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    this.#isFinal = this.#options.isFinal(error);
    if (!this.#isFinal) {
      this.#schedule(backOffMs(this.#failures), () => {
        this.refresh();
      });
    }
    this.#publish({ ...this.#resource, error, isLoading: false });
  }

  /** News wait for their turn: for a hidden page, a running request, the gap, the back-off. */
  #hear(news: News): void {
    if (this.#isFinal || !this.#options.clock.isVisible()) {
      return;
    }
    if (this.#request !== null) {
      this.#isOutdated = true;
    } else if (news === 'reconnected' || this.#failures === 0) {
      this.#refreshSoon();
    }
  }

  #refreshSoon(): void {
    const sinceMs = this.#options.clock.monotonicMs() - this.#startedMs;
    if (sinceMs >= NEWS_GAP_MS) {
      this.refresh();
    } else {
      this.#schedule(NEWS_GAP_MS - sinceMs, () => {
        this.refresh();
      });
    }
  }

  /** Asks when the pace says so, or later as long as news come. */
  #askAfter(paceMs: number, receivedMs: number): void {
    const { clock, news } = this.#options;
    const lastMs = receivedMs + Math.max(paceMs, HEARD_POLL_MS);
    this.#schedule(Math.min(paceMs, lastMs - clock.monotonicMs()), () => {
      if (clock.monotonicMs() >= lastMs || !news.isHeard(paceMs)) {
        this.refresh();
      } else {
        this.#askAfter(paceMs, receivedMs);
      }
    });
  }

  #schedule(delayMs: number, run: () => void): void {
    const { clock } = this.#options;
    this.#dropTimer();
    if (clock.isVisible()) {
      this.#cancelTimer = clock.setTimer(delayMs, run);
    }
  }

  #dropTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #publish(resource: Resource<T>): void {
    this.#resource = resource;
    this.#options.onChange(resource);
  }
}
