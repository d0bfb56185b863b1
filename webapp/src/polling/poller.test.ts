import { describe, expect, test } from '@jest/globals';
import type { News } from './change-feed.ts';
import {
  backOffMs,
  HEARD_POLL_MS,
  NEWS_GAP_MS,
  Poller,
  type PageClock,
  type Resource,
} from './poller.ts';

/** A page whose time and visibility the test moves. */
class FakePage implements PageClock {
  nowMs = 0;
  visible = true;
  readonly #timers = new Set<{ dueMs: number; run: () => void }>();
  readonly #watchers = new Set<() => void>();

  monotonicMs(): number {
    return this.nowMs;
  }

  setTimer(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  isVisible(): boolean {
    return this.visible;
  }

  onVisibilityChange(run: () => void): () => void {
    this.#watchers.add(run);
    return () => {
      this.#watchers.delete(run);
    };
  }

  get timers(): number {
    return this.#timers.size;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  show(visible: boolean): void {
    this.visible = visible;
    for (const run of [...this.#watchers]) {
      run();
    }
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.dueMs <= this.nowMs) {
        this.#timers.delete(timer);
        timer.run();
      }
    }
  }
}

/** Requests that the test answers by hand, in any order. */
function startPoller(delayMs = 1_000) {
  const page = new FakePage();
  const requests: {
    signal: AbortSignal;
    resolve: (value: string) => void;
    reject: (error: unknown) => void;
  }[] = [];
  const seen: Resource<string>[] = [];
  const listeners = new Set<(news: News) => void>();
  const news = {
    /** Whether asking can be spared. */
    isHeard: false,
    get watchers() {
      return listeners.size;
    },
    tell: (kind: News = 'changed') => {
      for (const run of [...listeners]) {
        run(kind);
      }
    },
  };
  const poller = new Poller<string>({
    load: (signal) =>
      new Promise((resolve, reject) => {
        requests.push({ signal, resolve, reject });
      }),
    delayMs: () => delayMs,
    isFinal: (error) => error === 'final',
    news: {
      watch: (run) => {
        listeners.add(run);
        return () => {
          listeners.delete(run);
        };
      },
      isHeard: () => news.isHeard,
    },
    onChange: (resource) => {
      seen.push(resource);
    },
    clock: page,
  });
  return { page, requests, seen, news, poller, last: () => seen.at(-1) };
}

const settle = () => new Promise<void>((done) => setTimeout(done));

test('loads at start and again after the delay its value asks for', async () => {
  const { page, requests, poller, last } = startPoller();
  poller.start();
  expect(last()).toMatchObject({ value: null, isLoading: true });
  page.nowMs = 7;
  requests[0]?.resolve('one');
  await settle();
  expect(last()).toEqual({ value: 'one', receivedMs: 7, error: null, isLoading: false });
  page.pass(999);
  expect(requests).toHaveLength(1);
  page.pass(1);
  expect(requests).toHaveLength(2);
  expect(last()).toMatchObject({ value: 'one', isLoading: true });
});

test('drops an answer that a newer request has overtaken', async () => {
  const { requests, poller, last } = startPoller();
  poller.start();
  poller.refresh();
  expect(requests[0]?.signal.aborted).toBe(true);
  requests[1]?.resolve('new');
  await settle();
  requests[0]?.resolve('old');
  await settle();
  expect(last()?.value).toBe('new');
});

test('keeps the old value beside the error and backs off', async () => {
  const { page, requests, poller, last } = startPoller();
  poller.start();
  requests[0]?.resolve('one');
  await settle();
  page.pass(1_000);
  requests[1]?.reject('trouble');
  await settle();
  expect(last()).toMatchObject({ value: 'one', error: 'trouble', isLoading: false });
  page.pass(3_999);
  expect(requests).toHaveLength(2);
  page.pass(1);
  expect(requests).toHaveLength(3);
  requests[2]?.resolve('two');
  await settle();
  expect(last()).toMatchObject({ value: 'two', error: null });
});

test('doubles the wait up to a minute', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map(backOffMs)).toEqual([
    4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
  ]);
});

test('asks no more after a final failure, until somebody refreshes', async () => {
  const { page, requests, poller } = startPoller();
  poller.start();
  requests[0]?.reject('final');
  await settle();
  expect(page.timers).toBe(0);
  poller.refresh();
  expect(requests).toHaveLength(2);
});

describe('a hidden page', () => {
  test('is asked for nothing', async () => {
    const { page, requests, poller } = startPoller();
    poller.start();
    requests[0]?.resolve('one');
    await settle();
    page.show(false);
    expect(page.timers).toBe(0);
    page.pass(100_000);
    expect(requests).toHaveLength(1);
    page.show(true);
    expect(requests).toHaveLength(2);
  });

  test('waits with the first request until it is shown', () => {
    const { page, requests, poller } = startPoller();
    page.visible = false;
    poller.start();
    expect(requests).toHaveLength(0);
    page.show(true);
    expect(requests).toHaveLength(1);
  });

  test('that was hidden while a request ran goes on when it is shown', async () => {
    const { page, requests, poller } = startPoller();
    poller.start();
    page.show(false);
    requests[0]?.resolve('one');
    await settle();
    expect(page.timers).toBe(0);
    page.show(true);
    expect(requests).toHaveLength(2);
  });
});

test('leaves nothing behind when it is stopped', async () => {
  const { page, requests, seen, news, poller } = startPoller();
  poller.start();
  poller.stop();
  expect(requests[0]?.signal.aborted).toBe(true);
  const changes = seen.length;
  requests[0]?.resolve('late');
  await settle();
  poller.refresh();
  expect({
    changes: seen.length,
    timers: page.timers,
    watchers: page.watchers,
    listeners: news.watchers,
  }).toEqual({ changes, timers: 0, watchers: 0, listeners: 0 });
});

test('shows a value that is known before the next answer', () => {
  const { poller, last } = startPoller();
  poller.start();
  poller.patch((value) => `${value ?? 'nothing'} patched`);
  expect(last()?.value).toBe('nothing patched');
});

describe('with news from the server', () => {
  /** A poller that has its first value, two seconds after it asked. */
  async function startHeard(delayMs = 15_000) {
    const started = startPoller(delayMs);
    started.poller.start();
    started.page.nowMs = 2_000;
    started.requests[0]?.resolve('one');
    await settle();
    started.news.isHeard = true;
    return started;
  }

  test('loads at once', async () => {
    const { requests, news } = await startHeard();
    news.tell();
    expect(requests).toHaveLength(2);
  });

  test('asks on its own only so often as what got lost must be found', async () => {
    const { page, requests } = await startHeard();
    page.pass(15_000);
    expect(requests).toHaveLength(1);
    page.pass(HEARD_POLL_MS - 15_000 - 1);
    expect(requests).toHaveLength(1);
    page.pass(1);
    expect(requests).toHaveLength(2);
  });

  test('goes back to its own pace when they fall silent', async () => {
    const { page, requests, news } = await startHeard(1_000);
    page.pass(1_000);
    page.pass(1_000);
    expect(requests).toHaveLength(1);
    news.isHeard = false;
    page.pass(1_000);
    expect(requests).toHaveLength(2);
  });

  test('keeps a pace that is slower still', async () => {
    const { page, requests } = await startHeard(60_000);
    page.pass(59_999);
    expect(requests).toHaveLength(1);
    page.pass(1);
    expect(requests).toHaveLength(2);
  });

  test('makes one request of many news', async () => {
    const { page, requests, news } = await startHeard();
    news.tell();
    news.tell();
    news.tell();
    expect(requests).toHaveLength(2);
    expect(requests[1]?.signal.aborted).toBe(false);
    requests[1]?.resolve('two');
    await settle();
    expect(requests).toHaveLength(2);
    page.pass(NEWS_GAP_MS - 1);
    expect(requests).toHaveLength(2);
    page.pass(1);
    expect(requests).toHaveLength(3);
    requests[2]?.resolve('three');
    await settle();
    page.pass(NEWS_GAP_MS);
    expect(requests).toHaveLength(3);
  });

  test('does not look at them while it is hidden, and catches up when it is shown', async () => {
    const { page, requests, news } = await startHeard();
    page.show(false);
    news.tell();
    news.tell('reconnected');
    page.pass(100_000);
    expect(requests).toHaveLength(1);
    page.show(true);
    expect(requests).toHaveLength(2);
  });

  test('keeps its back-off, until the connection is there again', async () => {
    const { page, requests, news } = await startHeard();
    news.tell();
    requests[1]?.reject('trouble');
    await settle();
    page.nowMs += NEWS_GAP_MS;
    news.tell();
    expect(requests).toHaveLength(2);
    news.tell('reconnected');
    expect(requests).toHaveLength(3);
    requests[2]?.reject('final');
    await settle();
    page.nowMs += NEWS_GAP_MS;
    news.tell('reconnected');
    expect(requests).toHaveLength(3);
  });
});
