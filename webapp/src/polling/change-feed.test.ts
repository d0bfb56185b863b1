import { expect, test } from '@jest/globals';
import { ChangeFeed } from './change-feed.ts';

function startFeed() {
  const host = { isConnected: true, nowMs: 0 };
  const feed = new ChangeFeed({
    isConnected: () => host.isConnected,
    monotonicMs: () => host.nowMs,
  });
  return { host, feed };
}

test('tells those who watch a topic, and of a new connection everybody', () => {
  const { feed } = startFeed();
  const heard: string[] = [];
  const stop = feed.watch('dumps', (news) => heard.push(`dumps ${news}`));
  feed.watch('status', (news) => heard.push(`status ${news}`));
  feed.tell('dumps');
  feed.reconnect();
  stop();
  feed.tell('dumps');
  feed.tell('status');
  expect(heard).toEqual([
    'dumps changed',
    'dumps reconnected',
    'status reconnected',
    'status changed',
  ]);
});

test('is relied on at a slow pace once anything was heard on this connection', () => {
  const { host, feed } = startFeed();
  expect(feed.isHeard('status', 15_000)).toBe(false);
  feed.tell('dumps');
  host.nowMs = 3_600_000;
  expect(feed.isHeard('status', 15_000)).toBe(true);
  host.isConnected = false;
  expect(feed.isHeard('status', 15_000)).toBe(false);
  host.isConnected = true;
  feed.reconnect();
  expect(feed.isHeard('status', 15_000)).toBe(false);
});

test('is relied on for what somebody waits for only while news of that come', () => {
  const { host, feed } = startFeed();
  feed.tell('status');
  expect(feed.isHeard('dumps', 1_000)).toBe(false);
  feed.tell('dumps');
  host.nowMs = 4_999;
  expect(feed.isHeard('dumps', 1_000)).toBe(true);
  host.nowMs = 5_000;
  expect(feed.isHeard('dumps', 1_000)).toBe(false);
});
