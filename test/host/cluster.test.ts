// Goal: stand-ins of one cluster share a database, keys and events as servers do. Method: the small
// plugin of the other tests on two of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../lib/runtime/index.ts';
import { fixtureBundle, fixtureId } from './fixture-bundle.ts';
import { Cluster, startHost, type Host } from './index.ts';

const hostnames = ['127.0.0.1', '127.0.0.2'];
let directory = '';
let cluster: Cluster;
let hosts: Host[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cluster-'));
  cluster = new Cluster(systemClock);
  const bundle = await fixtureBundle();
  hosts = await Promise.all(
    hostnames.map(async (hostname) => {
      const place = { cluster, hostname };
      const host = await startHost({ directory: join(directory, hostname), place });
      await host.installPlugin(bundle);
      await host.enable(fixtureId);
      return host;
    }),
  );
});

afterAll(async () => {
  for (const host of hosts) await host.stop();
  await rm(directory, { recursive: true });
  expect(hosts.flatMap(({ violations }) => violations)).toEqual([]);
});

interface Nodes {
  clusterId: string;
  columns: string[];
  rows: unknown[][];
  refusal: string;
  clusterEvents: string[];
}

async function ask(host: Host | undefined, path: string): Promise<string> {
  const response = await host!.request(fixtureId, path, host!.logIn());
  return response.text();
}

async function nodes(host: Host | undefined): Promise<Nodes> {
  return JSON.parse(await ask(host, '/nodes')) as Nodes;
}

/** Events are delivered after the sender is answered. */
async function eventsOf(host: Host | undefined, count: number): Promise<string[]> {
  const deadlineMs = systemClock.monotonicMs() + 60_000;
  while (systemClock.monotonicMs() < deadlineMs) {
    const { clusterEvents } = await nodes(host);
    if (clusterEvents.length >= count) return clusterEvents;
  }
  throw new Error('the event did not come');
}

test('every node has an id of its own and reads the table of all', async () => {
  const [first, second] = await Promise.all(hosts.map(nodes));
  expect(first?.clusterId).toHaveLength(26);
  expect(second?.clusterId).not.toBe(first?.clusterId);
  expect(second?.columns.slice(0, 2)).toEqual(['HostName', 'LastPingAt']);
  expect(second?.rows.map(([hostname]) => hostname).sort()).toEqual(hostnames);
  expect(second?.rows[0]).toEqual([expect.any(String), expect.any(Number), 1.5, null]);
  expect(second?.refusal).toContain('no such column: missing');
});

test('all see the same keys', async () => {
  await ask(hosts[0], '/api');
  expect(hosts[1]?.kv(fixtureId).get('key')).toEqual(Buffer.from('value'));
});

test('an event goes to all others, or to one; an unknown target is an error', async () => {
  const [first, second] = hosts;
  const before = (await nodes(second)).clusterEvents.length;
  expect(await ask(first, '/tell?id=to-all')).toBe('sent');
  expect(await ask(first, `/tell?id=to-one&target=${second!.clusterId}`)).toBe('sent');
  expect((await eventsOf(second, before + 2)).slice(before)).toEqual(['to-all', 'to-one']);
  expect((await nodes(first)).clusterEvents).toEqual([]);
  expect(await ask(first, '/tell?id=lost&target=nobody')).toContain(
    'failed to send message to cluster node',
  );
});

test("a plugin's event reaches the browsers of all nodes", async () => {
  const [first, second] = hosts;
  const { headers } = second!.logIn('user');
  const url = `${second!.url.replace('http', 'ws')}/api/v4/websocket`;
  const socket = new WebSocket(url, { headers });
  const heard = new Promise<unknown>((done) => {
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data as string) as { event: string };
      if (message.event !== 'hello') done(message);
    });
  });
  await new Promise((done) => socket.addEventListener('open', done));
  await ask(first, '/api');
  const event = `custom_${fixtureId}_news`;
  expect(await heard).toEqual({ event, data: { count: 1 }, seq: 1 });
  socket.close();
});

test('a node that stops in order takes its row with it', async () => {
  await hosts.pop()?.stop();
  expect((await nodes(hosts[0])).rows.map(([hostname]) => hostname)).toEqual(['127.0.0.1']);
});
