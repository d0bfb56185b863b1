import { expect, test } from '@jest/globals';
import { healthyTargets, queuedDump } from '../../../../test/e2e/fixture-status.ts';
import {
  choosable,
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

const present = { hosts: ['app2', 'app10'], jobs: ['node'] };
const names = (...args: Parameters<typeof choosable>) =>
  choosable(...args).map(({ isGone, name }) => (isGone ? `${name} gone` : name));

test('offers what the range has, and what is chosen', () => {
  const stored = { hosts: ['app1', 'app2'], jobs: ['node', 'old'], isCut: false };
  expect(names('hosts', present, stored, [])).toEqual(['app1 gone', 'app2']);
  expect(names('hosts', present, stored, ['app10'])).toEqual(['app1 gone', 'app2', 'app10']);
  expect(names('jobs', present, stored, [])).toEqual(['node', 'old gone']);
});

test('offers what is collected now while it is not known what the range has', () => {
  expect(names('hosts', present, null, [])).toEqual(['app2', 'app10']);
  const nothing = { hosts: [], jobs: [], isCut: false };
  expect(names('hosts', present, nothing, [])).toEqual(['app2', 'app10']);
  const some = { hosts: ['app1'], jobs: [], isCut: true };
  expect(names('hosts', present, some, [])).toEqual(['app1 gone', 'app2', 'app10']);
});

test('calls nothing gone while it is not known what is collected', () => {
  const stored = { hosts: ['app1'], jobs: [], isCut: false };
  expect(names('hosts', { hosts: [], jobs: [] }, stored, [])).toEqual(['app1']);
});
