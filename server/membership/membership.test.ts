import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { FakeKvDatabase } from '../cluster/cluster-fixture.ts';
import { encodeLease } from '../cluster/lease-record.ts';
import type { PluginApi } from '../mattermost/index.ts';
import { Membership } from './membership.ts';

let clock: FakeClock;
let database: FakeKvDatabase;
const members: Membership[] = [];

beforeEach(() => {
  clock = new FakeClock(Date.UTC(2026, 10, 20, 10));
  database = new FakeKvDatabase(clock);
});

afterEach(async () => {
  const gone = Promise.all(members.splice(0).map((member) => member.leave()));
  await clock.advance(10_000);
  await gone;
  expect(clock.pendingTimers).toBe(0);
});

/** A node that has started; what `kill` returns has no contact with anything any more. */
function started(name: string, calls = {}): { member: Membership; kill: () => void } {
  let isDead = false;
  const kv: Partial<Record<string, unknown>> = { ...database.connect(), ...calls };
  const api = new Proxy(kv, {
    get: (known, method: string) =>
      isDead
        ? () => new Promise(() => undefined)
        : (known[method] ?? (() => Promise.resolve(undefined))),
  }) as unknown as PluginApi;
  const member = new Membership({
    ...{ clock, rng: seededRng(name.charCodeAt(0)), logger: silentLogger, api, host: name },
    ...{ pluginVersion: '0.8.0', serverVersion: '11.0.0' },
    identity: { id: name.repeat(26), boot: name, problems: [] },
  });
  members.push(member);
  member.start(() => undefined);
  return { member, kill: () => (isDead = true) };
}

async function collects({ member }: { member: Membership }): Promise<void> {
  for (let tries = 0; member.mode !== 'scraper' && tries < 600; tries++) await clock.advance(100);
  expect(member.mode).toBe('scraper');
}

test.each([
  ['while this node watched', 0],
  ['an hour before this node started', 3_600_000],
])('knows up to when the data of a collector reaches that died %s', async (_when, sinceMs) => {
  const first = started('a');
  await collects(first);
  const watching = sinceMs === 0 ? started('b') : undefined;
  await clock.advance(60_000);
  first.kill();
  const diedMs = clock.nowMs();
  await clock.advance(sinceMs);
  const next = watching ?? started('b');
  await collects(next);
  const { host, untilMs = 0 } = next.member.predecessor() ?? {};
  expect(host).toBe('a');
  expect(diedMs - untilMs).toBeGreaterThanOrEqual(0);
  expect(diedMs - untilMs).toBeLessThanOrEqual(5_000);
});

test('says that nobody collects when that is so for a while and nothing else explains it', async () => {
  const { member } = started('a', {
    // A replica that never has a record, and a primary that always has another one.
    kvGet: () => Promise.resolve(undefined),
    kvCompareAndSet: () => Promise.resolve(false),
  });
  await clock.advance(29_000);
  expect(member.problems()).toEqual([]);
  await clock.advance(2_000);
  expect(member.collector().node).toBe('');
  expect(member.problems()).toMatchObject([{ code: 'CLUSTER_NO_COLLECTOR', severity: 'error' }]);
});

test('does not believe that the lease was given up later than now', async () => {
  const record = encodeLease({
    ...{ epoch: 3, sequence: 9, state: 'free', id: 'z'.repeat(26), boot: 'z', pid: 1 },
    ...{ host: 'z', version: '0.8.0', sinceMs: 5, untilMs: clock.nowMs() + 3_600_000 },
  });
  await database.connect().kvCompareAndSet('lead', undefined, record.raw);
  const node = started('a');
  await collects(node);
  expect(node.member.predecessor()).toEqual({ host: 'z', untilMs: clock.nowMs() });
});
