import { expect, test } from '@jest/globals';
import type { ClusterNode } from '../../../../api/index.ts';
import { nodeState } from './node-state.ts';

const nowMs = 1_795_239_000_000;

function f(fields: Partial<ClusterNode>, collecting = 'app1') {
  const node: ClusterNode = {
    ...{ host: 'app1', id: 'a', mode: 'scraper', pluginVersion: '0.8.0', serverVersion: '11.1.0' },
    ...{ restartedAtMs: null, seenMs: nowMs - 20_000, isSelf: false },
    ...fields,
  };
  return nodeState(node, { collector: { node: collecting, sinceMs: 0, epoch: 2 }, nowMs });
}

test('says of the node that has the lease that it collects, whatever it announced', () => {
  expect(f({})).toBe('scraper');
  expect(f({ mode: 'listener' })).toBe('scraper');
  expect(f({ host: 'app2', mode: 'listener' })).toBe('listener');
});

test('says of no second node that it collects, nor of one while nobody has the lease', () => {
  expect(f({ host: 'app2' })).toBe('former');
  expect(f({}, '')).toBe('former');
});

test('takes no word of a node that was not heard of for two minutes', () => {
  expect(f({ mode: 'listener', host: 'app2', seenMs: nowMs - 119_999 })).toBe('listener');
  expect(f({ mode: 'listener', host: 'app2', seenMs: nowMs - 120_000 })).toBe('silent');
  expect(f({ isSelf: true, seenMs: nowMs - 120_000 })).toBe('scraper');
});
