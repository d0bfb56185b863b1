import { expect, test } from '@jest/globals';
import type { Dump, DumpState } from '../../../../api/index.ts';
import { RequestFailure } from '../../api/failure.ts';
import {
  ACTIVE_POLL_MS,
  dumpsBefore,
  IDLE_POLL_MS,
  listDelayMs,
  viewFlow,
  withDump,
} from './flow.ts';
import { plainOptions } from './options.ts';

function dump(id: string, state: DumpState): Dump {
  return {
    id,
    state,
    createdAtMs: 0,
    startedAtMs: null,
    finishedAtMs: null,
    expiresAtMs: null,
    createdBy: '',
    node: '',
    requested: { fromMs: 0, toMs: 1 },
    filter: null,
    redaction: 'none',
    stepSeconds: 0,
    actual: null,
    progress: { percent: 0, phase: 'waiting' },
    samples: null,
    series: null,
    sizeBytes: null,
    fileName: '',
    sha256: '',
    warnings: [],
    error: null,
  };
}

const choice = { range: { kind: 'last', lengthMs: 1 } as const, options: plainOptions };

test('shows work while the server is asked', () => {
  expect(viewFlow({ kind: 'asking', choice }, [])).toEqual({
    ...{ kind: 'working', dump: null, before: 0 },
  });
});

test('shows why the server refused', () => {
  const failure = new RequestFailure({ kind: 'refused', status: 409, code: 'X', message: 'no' });
  expect(viewFlow({ kind: 'refused', choice, failure }, [])).toEqual({ kind: 'refused', failure });
});

test.each([
  ['queued', 'working'],
  ['running', 'working'],
  ['ready', 'ready'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
] as const)('shows a dump that is %s as %s', (state, kind) => {
  const dumps = [dump('b', 'ready'), dump('a', state)];
  const view = viewFlow({ kind: 'following', choice, id: 'a' }, dumps);
  expect(view).toMatchObject({ kind, dump: dumps[1] });
});

test('says that a dump is gone when the list has lost it', () => {
  expect(viewFlow({ kind: 'following', choice, id: 'a' }, [])).toEqual({ kind: 'gone' });
});

test('asks quickly only while something is being built', () => {
  expect(listDelayMs([])).toBe(IDLE_POLL_MS);
  expect(listDelayMs([dump('a', 'ready'), dump('b', 'failed')])).toBe(IDLE_POLL_MS);
  expect(listDelayMs([dump('a', 'ready'), dump('b', 'queued')])).toBe(ACTIVE_POLL_MS);
});

test('puts a changed dump first and once', () => {
  const changed = dump('b', 'running');
  const dumps = withDump([dump('a', 'ready'), dump('b', 'queued')], changed);
  expect(dumps.map(({ id, state }) => `${id} ${state}`)).toEqual(['b running', 'a ready']);
});

test('counts the dumps that the same node builds first', () => {
  const at = (id: string, state: DumpState, createdAtMs: number, node = 'n') => ({
    ...dump(id, state),
    ...{ createdAtMs, node },
  });
  const dumps = [
    ...[at('c', 'queued', 3), at('b', 'queued', 2), at('a', 'running', 1)],
    ...[at('x', 'running', 0, 'other'), at('r', 'ready', 0)],
  ];
  expect(dumps.map((one) => dumpsBefore(one, dumps))).toEqual([2, 1, 0, 0, 0]);
});
