import { expect, test } from '@jest/globals';
import type { ClusterNode, Problem } from '../api/index.ts';
import { composeStatus, listenerStatus, type NodeStatus, type StatusSources } from './status.ts';

const node = (id: string, restartedAtMs: number | null): ClusterNode => ({
  ...{ host: `host-${id}`, id, mode: 'listener', pluginVersion: '0.8.0', serverVersion: '11.1.0' },
  ...{ restartedAtMs, seenMs: 0, isSelf: false },
});

function statusOf(sources: Partial<StatusSources>): NodeStatus {
  return composeStatus({
    ...{ pluginVersion: '0.8.0', serverVersion: '11.1.0', mode: 'listener', nodes: [] },
    ...{ collector: { node: 'host-a', sinceMs: 0, epoch: 1 }, nowMs: 10, restartedAtMs: undefined },
    ...{ scrapeIntervalMs: 15_000, targets: { up: 0, total: 0 }, isScraped: true },
    ...{ newestSampleMs: undefined, oldestSampleMs: undefined, store: undefined, problems: [] },
    sync: {
      ...{ driver: 'local', remoteBlocks: 0, remoteBytes: 0, pendingBlocks: 0 },
      ...{ lastSuccessMs: null, lastError: null },
    },
    isStopped: false,
    ...sources,
  });
}

test('a listener tells when nodes started as the collecting node says it', () => {
  const own = statusOf({ nodes: [node('a', null), node('b', 7), node('c', null)] });
  const told = statusOf({ nodes: [node('a', 3000), node('b', null)], restartedAtMs: 3000 });
  const status = listenerStatus(own, told);
  expect(status.restartedAtMs).toBe(3000);
  expect(status.nodes.map(({ id, restartedAtMs }) => [id, restartedAtMs])).toEqual([
    ['a', 3000],
    ['b', null],
    ['c', null],
  ]);
  expect(listenerStatus(own, undefined)).toBe(own);
});

test.each([
  [
    [5, 9],
    [3, 8],
    [3, 9],
  ],
  [
    [3, 8],
    [5, 9],
    [3, 9],
  ],
  [
    [undefined, undefined],
    [3, 8],
    [3, 8],
  ],
  [
    [3, 8],
    [undefined, undefined],
    [3, 8],
  ],
  [
    [undefined, undefined],
    [undefined, undefined],
    [null, null],
  ],
])('a listener with samples of %j and a collector with %j have those of %j', (own, told, both) => {
  const having = ([oldestSampleMs, newestSampleMs]: (number | undefined)[]) =>
    statusOf({ oldestSampleMs, newestSampleMs });
  const { newestSampleMs, oldestSampleMs } = listenerStatus(having(own), having(told));
  expect([oldestSampleMs, newestSampleMs]).toEqual(both);
});

test('a listener says once what each node says in its own words', () => {
  const problem = (code: string, message: string): Problem => {
    return { code, severity: 'warning', message, advice: '' };
  };
  const own = statusOf({ problems: [problem('CLUSTER_CLOCK_SKEW', 'b'), problem('X', 'own')] });
  const told = statusOf({
    problems: [
      problem('CLUSTER_CLOCK_SKEW', 'a'),
      problem('CLUSTER_MIXED_VERSIONS', 'c'),
      problem('X', 'told'),
    ],
  });
  const said = listenerStatus(own, told).problems.map(({ code, message }) => `${code} ${message}`);
  expect(said).toEqual(['CLUSTER_CLOCK_SKEW b', 'X own', 'CLUSTER_MIXED_VERSIONS c', 'X told']);
});

test('a listener names the node that says something, and repeats nothing of one that is silent for long', () => {
  const problem = (code: string, severity: Problem['severity']): Problem => {
    return { code, severity, message: 'This node is ill.', advice: '' };
  };
  const told = statusOf({ problems: [problem('X', 'warning')] });
  const codesWith = (severity: Problem['severity']) => {
    const own = statusOf({ problems: [problem('CLUSTER_COLLECTOR_SILENT', severity)] });
    return listenerStatus(own, told).problems.map(({ code, node }) => [code, node]);
  };
  expect(codesWith('warning')).toEqual([
    ['CLUSTER_COLLECTOR_SILENT', undefined],
    ['X', 'host-a'],
  ]);
  expect(codesWith('error')).toEqual([['CLUSTER_COLLECTOR_SILENT', undefined]]);
});
