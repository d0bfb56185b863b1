import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, type Logger, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { FakeClusterEvents } from './cluster-fixture.ts';
import { ClusterBus } from './cluster-bus.ts';
import { maxMessageBytes, maxRunningHandlers, maxWaitingRequests } from './limits.ts';

let clock: FakeClock;
let events: FakeClusterEvents;
let buses: ClusterBus[];
let lines: string[];

beforeEach(() => {
  clock = new FakeClock();
  events = new FakeClusterEvents(clock);
  buses = [];
  lines = [];
});

afterEach(async () => {
  for (const bus of buses) bus.stop();
  await clock.advance(0);
  expect(clock.pendingTimers).toBe(0);
});

function join(selfId: string, epoch = 1): ClusterBus {
  const note = (message: string) => void lines.push(message);
  const logger: Logger = { ...silentLogger, warn: note, error: note };
  const bus = new ClusterBus({
    ...{ api: events.api(selfId), clock, rng: seededRng(selfId.charCodeAt(0)), logger, selfId },
    epoch: () => epoch,
  });
  events.join(selfId, (event) => bus.receive(event));
  buses.push(bus);
  return bus;
}

/** What a request came to, once time has passed. */
function outcome(request: Promise<unknown>): { value: unknown } {
  const seen: { value: unknown } = { value: 'pending' };
  request.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.value = (error as { code?: string }).code ?? error),
  );
  return seen;
}

const send = (bus: ClusterBus, value: unknown, id = 'metrics') => {
  const data =
    value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value));
  bus.receive({ id, data });
};

const message = { v: 1, k: 'x', rid: '', from: 'z', to: '', epoch: 1, body: null };

describe('a message', () => {
  test('reaches all other nodes with its body and the epoch of its sender', async () => {
    const [a, b, c] = [join('a', 7), join('b'), join('c')];
    const got: unknown[] = [];
    for (const bus of [a, b, c]) {
      bus.serve('lead.hello', (body, { from, epoch }) => void got.push([body, from, epoch]));
    }
    await a.publish('lead.hello', { host: 'x' });
    await clock.advance(0);
    expect(got).toEqual([
      [{ host: 'x' }, 'a', 7],
      [{ host: 'x' }, 'a', 7],
    ]);
    // Nobody answers a message.
    expect(events.sent).toBe(1);
  });

  test('of a kind that nobody serves is counted and left', async () => {
    const [a, b] = [join('a'), join('b')];
    await a.publish('from.the.future', 1);
    await clock.advance(0);
    expect(b.counts()).toMatchObject({ received: 1, unknownKind: 1 });
    expect(events.sent).toBe(1);
    expect(b.problems()).toEqual([]);
  });

  test('is refused above 32 KiB and travels at it', async () => {
    const [a, b] = [join('a'), join('b')];
    let got = 0;
    b.serve('big', (body) => void (got = (body as string).length));
    const spare =
      maxMessageBytes - JSON.stringify({ ...message, k: 'big', from: 'a', body: '' }).length;
    await a.publish('big', 'x'.repeat(spare));
    await clock.advance(0);
    expect(got).toBe(spare);
    await expect(a.publish('big', 'x'.repeat(spare + 1))).rejects.toMatchObject({
      code: 'CLUSTER_TOO_LARGE',
    });
  });
});

describe('a request', () => {
  test('gets its answer', async () => {
    const [a, b] = [join('a'), join('b')];
    b.serve('sum', (body) => (body as number[]).reduce((x, y) => x + y));
    const seen = outcome(a.request('sum', 'b', [1, 2, 3]));
    await clock.advance(0);
    expect(seen.value).toBe(6);
  });

  test('is told from that of another node which has drawn the same id', async () => {
    // Ids are drawn by the first letter of the name.
    const [one, other, b] = [join('a1'), join('a2'), join('b')];
    b.serve('who', (_body, { from }) => from);
    const seen = [one, other].map((bus) => outcome(bus.request('who', 'b', null)));
    await clock.advance(0);
    expect(seen.map(({ value }) => value)).toEqual(['a1', 'a2']);
  });

  test('to the node itself is served without an event', async () => {
    const a = join('a');
    a.serve('who', (_body, { from }) => from);
    const seen = outcome(a.request('who', 'a', null));
    await clock.advance(0);
    expect(seen.value).toBe('a');
    expect(events.sent).toBe(0);
  });

  test.each([
    ['a coded error', { code: 'STORE_DENIED', message: 'no' }, 'CLUSTER_REFUSED'],
    ['a defect', new Error('secret path'), 'CLUSTER_REFUSED'],
  ])('whose handler fails with %s is refused', async (_name, thrown, code) => {
    const [a, b] = [join('a'), join('b')];
    b.serve('fail', () => {
      throw Object.assign(new Error((thrown as Error).message), thrown);
    });
    let error: { code: string; message: string; remoteCode: string } | undefined;
    a.request('fail', 'b', null).catch((reason: unknown) => (error = reason as typeof error));
    await clock.advance(0);
    expect(error?.code).toBe(code);
    expect(error?.message).not.toContain('secret');
    expect(error?.remoteCode).toBe('code' in thrown ? 'STORE_DENIED' : 'CLUSTER_REFUSED');
  });

  test('that the other node does not know is refused at once', async () => {
    const [a] = [join('a'), join('b')];
    const seen = outcome(a.request('from.the.future', 'b', null));
    await clock.advance(0);
    expect(seen.value).toBe('CLUSTER_UNKNOWN_KIND');
  });

  test('waits 10 s for a node that does not answer', async () => {
    const a = join('a');
    const seen = outcome(a.request('x', 'gone', null));
    await clock.advance(9999);
    expect(seen.value).toBe('pending');
    await clock.advance(1);
    expect(seen.value).toBe('CLUSTER_TIMEOUT');
  });

  test('can be given up', async () => {
    const a = join('a');
    const gaveUp = new AbortController();
    const seen = outcome(a.request('x', 'gone', null, { signal: gaveUp.signal }));
    gaveUp.abort();
    await clock.advance(0);
    expect(seen.value).toBe('CLUSTER_CANCELLED');
    const sent = events.sent;
    const late = outcome(a.request('x', 'gone', null, { signal: gaveUp.signal }));
    await clock.advance(0);
    expect([late.value, events.sent]).toEqual(['CLUSTER_CANCELLED', sent]);
  });

  test('survives the loss of the first event', async () => {
    const [a, b] = [join('a'), join('b')];
    b.serve('x', () => 'done');
    let count = 0;
    events.fate = () => (count++ === 0 ? [] : [0]);
    const seen = outcome(a.request('x', 'b', null));
    await clock.advance(3400);
    expect(seen.value).toBe('done');
  });

  test('survives the loss of the first answer, and is served once', async () => {
    const [a, b] = [join('a'), join('b')];
    let served = 0;
    b.serve('x', () => ++served);
    let count = 0;
    events.fate = (_event, to) => (to === 'a' && count++ === 0 ? [] : [0]);
    const seen = outcome(a.request('x', 'b', null));
    await clock.advance(3400);
    expect(seen.value).toBe(1);
    expect(served).toBe(1);
  });

  test('that comes three times is served once and answered as often', async () => {
    const [a, b] = [join('a'), join('b')];
    let served = 0;
    b.serve('x', () => ++served);
    events.fate = () => [0, 5, 500];
    const seen = outcome(a.request('x', 'b', null));
    await clock.advance(1000);
    expect(seen.value).toBe(1);
    expect(served).toBe(1);
    expect(a.counts().strayed).toBeGreaterThan(0);
  });

  test('that comes twice while its handler runs starts it once', async () => {
    const [a, b] = [join('a'), join('b')];
    let served = 0;
    b.serve('slow', () => {
      served++;
      return new Promise((resolve) => void clock.setTimer(5000, () => resolve('late')));
    });
    const seen = outcome(a.request('slow', 'b', null));
    await clock.advance(5000);
    expect(seen.value).toBe('late');
    expect(served).toBe(1);
  });

  test('whose answer is too large is refused with that reason', async () => {
    const [a, b] = [join('a'), join('b')];
    b.serve('big', () => 'x'.repeat(maxMessageBytes));
    const seen = outcome(a.request('big', 'b', null));
    await clock.advance(0);
    expect(seen.value).toBe('CLUSTER_TOO_LARGE');
  });

  test('fails with what the server says when it does not take the event', async () => {
    const bus = new ClusterBus({
      ...{ clock, rng: seededRng(1), logger: silentLogger, selfId: 'a', epoch: () => 1 },
      api: { publishPluginClusterEvent: () => Promise.reject(new Error('rpc is gone')) },
    });
    await expect(bus.request('x', 'b', null)).rejects.toThrow('rpc is gone');
    expect(clock.pendingTimers).toBe(0);
  });

  test('is not settled by another node than the asked one', async () => {
    const a = join('a');
    let rid = '';
    events.join('b', ({ data }) => {
      rid = (JSON.parse(new TextDecoder().decode(data)) as { rid: string }).rid;
    });
    const seen = outcome(a.request('x', 'b', null));
    await clock.advance(0);
    send(a, { ...message, k: 'reply', rid, from: 'c', to: 'a', body: { ok: true, body: 1 } });
    await clock.advance(0);
    expect(seen.value).toBe('pending');
    send(a, { ...message, k: 'reply', rid, from: 'b', to: 'a', body: 'not a reply' });
    await clock.advance(0);
    expect(seen.value).toBe('pending');
    send(a, { ...message, k: 'reply', rid, from: 'b', to: 'a', body: { ok: true, body: 1 } });
    await clock.advance(0);
    expect(seen.value).toBe(1);
  });
});

describe('what is bounded', () => {
  test('requests that wait', async () => {
    const a = join('a');
    const seen = Array.from({ length: maxWaitingRequests }, () => outcome(a.request('x', 'b', 1)));
    await clock.advance(0);
    const next = outcome(a.request('x', 'b', 1));
    await clock.advance(0);
    expect(next.value).toBe('CLUSTER_BUSY');
    expect(seen.every(({ value }) => value === 'pending')).toBe(true);
  });

  test('handlers that run, and one that never ends frees its place after a minute', async () => {
    const [a, b] = [join('a'), join('b')];
    const signals: AbortSignal[] = [];
    b.serve('hang', (_body, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    const ask = () => outcome(a.request('hang', 'b', 1, { timeoutMs: 100_000 }));
    const seen = Array.from({ length: maxRunningHandlers }, ask);
    await clock.advance(0);
    const next = ask();
    await clock.advance(0);
    expect(next.value).toBe('CLUSTER_BUSY');
    expect(signals).toHaveLength(maxRunningHandlers);
    await clock.advance(60_000);
    expect(seen.map(({ value }) => value)).toEqual(seen.map(() => 'CLUSTER_TIMEOUT'));
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    ask();
    await clock.advance(0);
    expect(signals).toHaveLength(maxRunningHandlers + 1);
  });

  test('publications that the server does not take', async () => {
    const bus = new ClusterBus({
      ...{ clock, rng: seededRng(1), logger: silentLogger, selfId: 'a', epoch: () => 1 },
      api: { publishPluginClusterEvent: () => new Promise(() => undefined) },
    });
    for (let at = 0; at < maxWaitingRequests; at++) void bus.publish('x', at);
    await expect(bus.publish('x', 'one more')).rejects.toMatchObject({ code: 'CLUSTER_BUSY' });
  });
});

describe('hostile events', () => {
  const bad: [string, unknown][] = [
    ['no JSON', new TextEncoder().encode('{"v":1,')],
    ['empty', new Uint8Array()],
    ['no UTF-8', Uint8Array.of(0x80, 0x81)],
    ['an array', [1]],
    ['null', null],
    ['no version', { ...message, v: undefined }],
    ['a version that is a text', { ...message, v: '1' }],
    ['a kind that is an object', { ...message, k: {} }],
    ['no rid', { ...message, rid: null }],
    ['a sender with a line break', { ...message, from: 'a\nb' }],
    ['a sender that is too long', { ...message, from: 'z'.repeat(256) }],
    ['an epoch beyond belief', { ...message, epoch: 1e308 }],
    ['a negative epoch', { ...message, epoch: -1 }],
    ['an epoch that is a text', { ...message, epoch: '9' }],
  ];

  test.each(bad)('%s: counted, told once, nothing else', async (_name, value) => {
    const a = join('a');
    let served = 0;
    a.serve('x', () => served++);
    send(a, value);
    send(a, value);
    await clock.advance(0);
    expect(a.counts()).toMatchObject({ received: 2, unreadable: 2 });
    expect(served).toBe(0);
    expect(lines).toHaveLength(1);
    expect(a.problems()).toMatchObject([{ code: 'CLUSTER_BAD_MESSAGE', severity: 'warning' }]);
    await clock.advance(3_600_001);
    expect(a.problems()).toEqual([]);
  });

  test('too large: counted without being read', () => {
    const a = join('a');
    send(a, new Uint8Array(maxMessageBytes + 1).fill(0x20));
    expect(a.counts()).toMatchObject({ tooLarge: 1, unreadable: 0 });
  });

  test('every cut of a good message is harmless', () => {
    const a = join('a');
    const whole = new TextEncoder().encode(JSON.stringify({ ...message, body: { a: [1, 'é'] } }));
    for (let end = 0; end < whole.length; end++) send(a, whole.subarray(0, end));
    expect(a.counts().unreadable).toBe(whole.length);
  });

  test('of a newer version, for others, from oneself or of another sender are ignored', async () => {
    const a = join('a');
    let served = 0;
    a.serve('x', () => served++);
    send(a, { ...message, v: 2, k: { new: true } });
    send(a, { ...message, to: 'b' });
    send(a, { ...message, from: 'a' });
    send(a, message, 'another-plugin');
    await clock.advance(0);
    expect(served).toBe(0);
    expect(a.counts()).toMatchObject({ unknownVersion: 1, strayed: 3, unreadable: 0 });
    expect(lines).toEqual([]);
  });

  test('an object with __proto__ stays data', async () => {
    const a = join('a');
    const got: unknown[] = [];
    a.serve('x', (body) => void got.push(body));
    send(
      a,
      new TextEncoder().encode(
        '{"v":1,"k":"x","rid":"","from":"z","to":"","epoch":1,"__proto__":{"polluted":1},"body":{"__proto__":{"polluted":1}}}',
      ),
    );
    await clock.advance(0);
    expect(got).toHaveLength(1);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('stop', () => {
  test('ends what waits and what runs, and nothing is served or sent any more', async () => {
    const [a, b] = [join('a'), join('b')];
    let aborted = false;
    a.serve('hang', (_body, { signal }) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise(() => undefined);
    });
    const waiting = outcome(a.request('x', 'nobody', null));
    const asked = outcome(b.request('hang', 'a', null, { timeoutMs: 1000 }));
    await clock.advance(0);
    a.stop();
    await clock.advance(0);
    expect(waiting.value).toBe('CLUSTER_STOPPED');
    expect(aborted).toBe(true);
    await expect(a.publish('x', 1)).rejects.toMatchObject({ code: 'CLUSTER_STOPPED' });
    await expect(a.request('x', 'b', 1)).rejects.toMatchObject({ code: 'CLUSTER_STOPPED' });
    const { received } = a.counts();
    await b.publish('x', 1);
    await clock.advance(1000);
    expect(a.counts().received).toBe(received);
    expect(asked.value).toBe('CLUSTER_TIMEOUT');
  });
});
