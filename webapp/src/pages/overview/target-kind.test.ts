import { expect, test } from '@jest/globals';
import type { Target } from '../../../../api/index.ts';
import { inOrder, targetKind } from './target-kind.ts';

test('knows the jobs that the plugin names, and no others', () => {
  expect(['prometheus', 'node', 'calls'].map(targetKind)).toEqual(['server', 'host', 'calls']);
  expect(targetKind('com.mattermost.mattermost-plugin-metrics')).toBe('self');
  expect(['custom', '', 'constructor', 'toString'].map(targetKind)).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test('puts servers first, and counts as people do', () => {
  const targets = ['custom b', 'prometheus app10', 'zebra a', 'node app1', 'prometheus app2'];
  const sorted = inOrder(
    targets.map((name) => {
      const [job, instance] = name.split(' ');
      return { job, instance } as Target;
    }),
  );
  expect(sorted.map(({ instance, job }) => `${job} ${instance}`)).toEqual([
    'prometheus app2',
    'prometheus app10',
    'node app1',
    'custom b',
    'zebra a',
  ]);
});
