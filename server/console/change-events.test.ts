import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock, silentLogger, type Logger } from '../../lib/runtime/index.ts';
import { ChangeEvents, type ChangeKind } from './change-events.ts';

let clock: FakeClock;
let sent: { what: unknown; atMs: number }[];
let broadcasts: unknown[];
let warnings: string[];
let publish: () => Promise<void>;
let look: () => string;
let readers: string[];
let events: ChangeEvents;

beforeEach(() => {
  clock = new FakeClock();
  const startMs = clock.monotonicMs();
  sent = [];
  broadcasts = [];
  warnings = [];
  publish = () => Promise.resolve();
  look = () => 'a';
  readers = [];
  const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
  events = new ChangeEvents({
    clock,
    logger,
    api: {
      publishWebSocketEvent: (event, payload, broadcast) => {
        sent.push({ what: payload['what'], atMs: clock.monotonicMs() - startMs });
        broadcasts.push([event, payload, broadcast]);
        return publish();
      },
    },
    look: () => look(),
    readers: () => readers,
  });
});

afterEach(() => {
  events.stop();
  expect(clock.pendingTimers).toBe(0);
});

const sentAt = (kind: ChangeKind) =>
  sent.filter(({ what }) => what === kind).map(({ atMs }) => atMs);

test('says what changed to administrators, and nothing else', async () => {
  events.note('dumps');
  await clock.advance(0);
  expect(broadcasts).toEqual([['changed', { what: 'dumps' }, { isForAdmins: true }]]);
});

test('says the same to each of those who read beside them, and nothing to others', async () => {
  readers = ['a', 'b'];
  events.note('status');
  await clock.advance(0);
  expect(broadcasts).toEqual(
    [{ isForAdmins: true }, { userId: 'a' }, { userId: 'b' }].map((broadcast) => [
      'changed',
      { what: 'status' },
      broadcast,
    ]),
  );
});

test('tells the first change at once and the last of the next second at its end', async () => {
  for (let at = 0; at < 25; at++) {
    events.note('dumps');
    await clock.advance(100);
  }
  await clock.advance(10_000);
  expect(sentAt('dumps')).toEqual([0, 1000, 2000, 3000]);
  events.note('dumps');
  expect(sentAt('dumps')).toHaveLength(5);
});

test('one kind does not wait for the other', async () => {
  events.note('dumps');
  await clock.advance(500);
  events.start();
  await clock.advance(0);
  expect([sentAt('dumps'), sentAt('status')]).toEqual([[0], [500]]);
});

test('sees that the state is another one, once', async () => {
  events.start();
  await clock.advance(10_000);
  expect(sentAt('status')).toEqual([0]);
  look = () => 'b';
  await clock.advance(10_000);
  expect(sentAt('status')).toEqual([0, 11_000]);
});

test('a server that is slow to take an event gets the next one after it', async () => {
  let answer = () => {};
  publish = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  events.note('dumps');
  for (let at = 0; at < 10; at++) {
    await clock.advance(1000);
    events.note('dumps');
  }
  expect(sentAt('dumps')).toEqual([0]);
  answer();
  await clock.advance(0);
  expect(sentAt('dumps')).toEqual([0, 10_000]);
  answer();
});

test('failures are logged once until it works again, and hurt nobody', async () => {
  const refuse = () => Promise.reject(new Error('no'));
  publish = refuse;
  for (let at = 0; at < 5; at++) {
    events.note('status');
    await clock.advance(1000);
  }
  expect([sent.length, warnings.length]).toEqual([5, 1]);
  publish = () => Promise.resolve();
  events.note('status');
  await clock.advance(1000);
  publish = refuse;
  events.note('status');
  await clock.advance(1000);
  expect(warnings).toHaveLength(2);
});

test('a state that cannot be looked at is no change, and is looked at again', async () => {
  events.start();
  look = () => {
    throw new Error('no');
  };
  await clock.advance(5000);
  expect([sentAt('status'), warnings.length]).toEqual([[0], 1]);
  look = () => 'b';
  await clock.advance(1000);
  expect(sentAt('status')).toEqual([0, 6000]);
});

test('nothing leaves after the end, not even what was due', async () => {
  events.start();
  events.note('dumps');
  events.note('dumps');
  await clock.advance(0);
  const { length } = sent;
  events.stop();
  look = () => 'b';
  events.note('dumps');
  events.start();
  await clock.advance(10_000);
  expect(sent).toHaveLength(length);
});

test('stops between two readers of one event', async () => {
  readers = ['a', 'b'];
  publish = () => {
    if (sent.length === 2) events.stop();
    return Promise.resolve();
  };
  events.note('dumps');
  await clock.advance(10_000);
  expect(broadcasts).toEqual([
    ['changed', { what: 'dumps' }, { isForAdmins: true }],
    ['changed', { what: 'dumps' }, { userId: 'a' }],
  ]);
});
