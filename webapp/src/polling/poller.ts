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

export interface PollerOptions<T> {
  load: (signal: AbortSignal) => Promise<T>;
  /** How long after a success the next attempt starts. */
  delayMs: (value: T) => number;
  /** True for failures that asking again does not mend. */
  isFinal: (error: unknown) => boolean;
  onChange: (resource: Resource<T>) => void;
  clock: PageClock;
}

/** First wait after a failure; it doubles with each further one. */
export const BACK_OFF_FIRST_MS = 4_000;
export const BACK_OFF_LAST_MS = 60_000;

export function backOffMs(failures: number): number {
  return Math.min(BACK_OFF_LAST_MS, BACK_OFF_FIRST_MS * 2 ** (failures - 1));
}

/**
 * Loads a value at start, then at the pace its newest value asks for, only while the page is visible.
 * There is one request at a time; an answer that was overtaken is dropped.
 */
export class Poller<T> {
  readonly #options: PollerOptions<T>;
  #resource: Resource<T> = emptyResource;
  #request: AbortController | null = null;
  #cancelTimer: (() => void) | null = null;
  #stopWatching: (() => void) | null = null;
  #failures = 0;

  constructor(options: PollerOptions<T>) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    this.#stopWatching = clock.onVisibilityChange(() => {
      if (clock.isVisible()) {
        this.refresh();
      } else {
        this.#dropTimer();
      }
    });
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
    this.#failures = 0;
    this.#schedule(delayMs(value));
    this.#publish({ value, receivedMs: clock.monotonicMs(), error: null, isLoading: false });
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    if (!this.#options.isFinal(error)) {
      this.#schedule(backOffMs(this.#failures));
    }
    this.#publish({ ...this.#resource, error, isLoading: false });
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#options;
    if (clock.isVisible()) {
      this.#cancelTimer = clock.setTimer(delayMs, () => {
        this.refresh();
      });
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
