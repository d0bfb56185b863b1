import { expect, test } from '@jest/globals';
import { targetKind } from './target-kind.ts';

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
