import { expect, test } from '@jest/globals';
import { healthyStatus, healthyTargets, queuedDump } from '../test/e2e/fixture-status.ts';
import * as answers from './answers.ts';

test('reads what the API promises', () => {
  const status = {
    ...healthyStatus(5),
    problems: [{ code: 'A', severity: 'error', message: 'm', advice: 'a', link: '/x' }],
  };
  expect(answers.status(status, 'status')).toEqual(status);
  const targets = { targets: healthyTargets(5) };
  expect(answers.targetList(targets, 'targets')).toEqual(targets);
  const dump = queuedDump('a', 5, 1, 2);
  expect(answers.dump(dump, 'dump')).toEqual(dump);
});

test('leaves out what it does not know, and takes a missing list for an empty one', () => {
  const status = { ...healthyStatus(5), problems: null, future: 1 };
  expect(answers.status(status, 'status')).toEqual(healthyStatus(5));
});

test('reads the dumps of a node whose plugin is older', () => {
  const dump = queuedDump('a', 5, 1, 2);
  const { redaction: _redaction, stepSeconds: _stepSeconds, ...rest } = dump;
  const { filter: _filter, expiresAtMs: _expiresAtMs, ...older } = rest;
  const read = answers.dump(older, 'dump');
  expect(read).toEqual({
    ...older,
    redaction: 'none',
    stepSeconds: 0,
    filter: null,
    expiresAtMs: null,
  });
});

test.each([
  [{ state: 'asleep' }, 'status.state is not one of starting, collecting, degraded, stopped'],
  [{ can: { read: 'yes', write: true } }, 'status.can.read is not true or false'],
  [{ targets: { up: '1', total: 1 } }, 'status.targets.up is not a number'],
  [{ nowMs: Number.NaN }, 'status.nowMs is not a number'],
  [{ store: [] }, 'status.store is not an object'],
  [{ problems: {} }, 'status.problems is not a list'],
  [{ problems: [{ code: 'A' }] }, 'status.problems[0].severity is not one of error, warning'],
])('names the field that is wrong in %j', (fields, message) => {
  expect(() => answers.status({ ...healthyStatus(5), ...fields }, 'status')).toThrow(message);
});
