import { expect, test } from '@jest/globals';
import { healthyTargets, queuedDump } from '../../../../test/e2e/fixture-status.ts';
import {
  dumpRequest,
  knownTargets,
  metricPatterns,
  notesOfDump,
  notesOfOptions,
  plainOptions,
} from './options.ts';

const range = { kind: 'last', lengthMs: 10 } as const;

test('asks for the range alone while nothing is chosen', () => {
  expect(dumpRequest({ range, options: plainOptions }, 30)).toEqual({ from: 20, to: 30 });
});

test('asks for what is chosen', () => {
  const options = {
    nodes: ['a', 'b'],
    jobs: ['node'],
    metrics: 'go_*\nup,  up\n',
    stepSeconds: 300,
    isRedacted: true,
  };
  expect(dumpRequest({ range, options }, 30)).toEqual({
    from: 20,
    to: 30,
    nodes: ['a', 'b'],
    jobs: ['node'],
    metrics: ['go_*', 'up'],
    stepSeconds: 300,
    redaction: 'hosts-and-ids',
  });
  expect(notesOfOptions(options).metrics).toEqual(['go_*', 'up']);
});

test.each([
  ['', []],
  [' \n', []],
  ['up', ['up']],
  ['a* , b*\tc\r\nd;e', ['a*', 'b*', 'c', 'd;e']],
])('reads patterns from %j', (text, patterns) => {
  expect(metricPatterns(text)).toEqual(patterns);
});

test('says of a dump what it leaves out', () => {
  const dump = queuedDump('a', 5, 1, 2);
  expect(notesOfDump(dump)).toEqual({ ...notesOfOptions(plainOptions) });
  const filter = { nodes: ['a'], jobs: [], metrics: ['up'] };
  expect(notesOfDump({ ...dump, filter, stepSeconds: 60, redaction: 'hosts-and-ids' })).toEqual({
    ...filter,
    stepSeconds: 60,
    isRedacted: true,
  });
});

test('knows hosts and jobs from the targets, without those that were never there', () => {
  const [target] = healthyTargets(5);
  const named = (instance: string, job: string) => ({ ...target!, instance, job });
  const targets = [
    named('app10:8067', 'mattermost'),
    named('app2:8067', 'mattermost'),
    named('app2:9100', 'node'),
    named('[fd00::5]:9100', 'node'),
    named('plain', 'other'),
    { ...named('gone:1', 'absent'), state: 'absent' as const },
  ];
  expect(knownTargets(targets)).toEqual({
    hosts: ['app2', 'app10', 'fd00::5', 'plain'],
    jobs: ['mattermost', 'node', 'other'],
  });
});
