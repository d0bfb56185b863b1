import { describe, expect, test } from '@jest/globals';
import { backOffMs, Poller, type PageClock, type Resource } from './poller.ts';

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
  const poller = new Poller<string>({
    load: (signal) =>
      new Promise((resolve, reject) => {
        requests.push({ signal, resolve, reject });
      }),
    delayMs: () => delayMs,
    isFinal: (error) => error === 'final',
    onChange: (resource) => {
      seen.push(resource);
    },
    clock: page,
  });
  return { page, requests, seen, poller, last: () => seen.at(-1) };
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
  const { page, requests, seen, poller } = startPoller();
  poller.start();
  poller.stop();
  expect(requests[0]?.signal.aborted).toBe(true);
  const changes = seen.length;
  requests[0]?.resolve('late');
  await settle();
  poller.refresh();
  expect({ changes: seen.length, timers: page.timers, watchers: page.watchers }).toEqual({
    changes,
    timers: 0,
    watchers: 0,
  });
});

test('shows a value that is known before the next answer', () => {
  const { poller, last } = startPoller();
  poller.start();
  poller.patch((value) => `${value ?? 'nothing'} patched`);
  expect(last()?.value).toBe('nothing patched');
});
