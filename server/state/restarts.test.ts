import { expect, test } from '@jest/globals';
import { labelsFrom } from '../../lib/tsdb/index.ts';
import type { NodeInfo } from '../cluster/index.ts';
import type { ScrapeTarget } from '../collect/index.ts';
import { clusterNode, lastRestartMs, serverRestarts } from './restarts.ts';

const startSeconds = 1_795_190_400.25;
const staleHalves = { lo: 2, hi: 0x7ff00000 };

function target(node: string | undefined, other: Partial<ScrapeTarget> = {}): ScrapeTarget {
  const host = node ?? 'chat';
  const where = { host, port: 8067, path: '/metrics', instance: `${host}:8067` };
  const whole = { job: 'prometheus', ...where, isOptional: false, ...other };
  return node === undefined ? whole : { ...whole, node };
}

function halves(value: number): { lo: number; hi: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return { lo: view.getInt32(4), hi: view.getInt32(0) };
}

/** A store whose newest samples are given by instance, as halves. */
function storeOf(
  samples: Record<string, { lo: number; hi: number }>,
  name = 'mattermost_process_start_time_seconds',
) {
  const byLabels = new Map(
    Object.entries(samples).map(([instance, sample]) => {
      const labels = labelsFrom(Object.entries({ __name__: name, job: 'prometheus', instance }));
      return [labels.join(), { timeMs: 1, ...sample }];
    }),
  );
  return { lastSample: (labels: readonly string[]) => byLabels.get(labels.join()) };
}

const node = (host: string, addresses: string[] = []): NodeInfo => ({
  ...{ id: `id-${host}`, host, addresses, pluginVersion: '0.8.0', serverVersion: '11.1.0' },
  ...{ mode: 'listener', seenMs: 0, isSelf: false },
});

test.each(['mattermost_process_start_time_seconds', 'process_start_time_seconds'])(
  'a server began when the newest sample of %s says so',
  (name) => {
    const store = storeOf({ 'chat:8067': halves(startSeconds) }, name);
    expect(serverRestarts([target(undefined)], store)).toEqual([
      { node: undefined, startedMs: startSeconds * 1000 },
    ]);
  },
);

test('what is not known is left out: no sample, a gone server, values that are no times', () => {
  expect(serverRestarts([target('a')], storeOf({}))).toEqual([]);
  const values = [staleHalves, ...[NaN, Infinity, 0, -1, 1e300].map(halves)];
  for (const value of values) {
    expect(serverRestarts([target('a')], storeOf({ 'a:8067': value }))).toEqual([]);
  }
});

test('targets that are no server of ours tell nothing of servers', () => {
  const store = storeOf({ 'a:8067': halves(startSeconds) });
  const others = [target('a', { job: 'node' }), target('a', { isForeign: true })];
  expect(serverRestarts(others, store)).toEqual([]);
});

test('nodes are found by name in any case, or by an address of theirs', () => {
  const restarts = [
    { node: 'App1', startedMs: 1000 },
    { node: '10.0.0.2', startedMs: 3000 },
  ];
  expect(clusterNode(node('app1'), restarts)).toMatchObject({ restartedAtMs: 1000 });
  expect(clusterNode(node('app2', ['10.0.0.2']), restarts)).toMatchObject({ restartedAtMs: 3000 });
  const unknown = clusterNode(node('app3'), restarts);
  expect([unknown.restartedAtMs, 'addresses' in unknown]).toEqual([null, false]);
  expect([lastRestartMs(restarts), lastRestartMs([])]).toEqual([3000, undefined]);
});
