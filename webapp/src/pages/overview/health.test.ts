import { expect, test } from '@jest/globals';
import type { Problem, Status } from '../../../../api/index.ts';
import {
  isStale,
  judgeHealth,
  sortProblems,
  STARTING_POLL_MS,
  statusDelayMs,
  STEADY_POLL_MS,
} from './health.ts';

const warning: Problem = { code: 'W', severity: 'warning', message: 'w', advice: '' };
const error: Problem = { code: 'E', severity: 'error', message: 'e', advice: '' };

function status(fields: Partial<Status>): Status {
  return {
    pluginVersion: '',
    serverVersion: '',
    restartedAtMs: null,
    mode: 'both',
    collector: { node: 'a', sinceMs: 0, epoch: 1 },
    nodes: [],
    state: 'collecting',
    nowMs: 0,
    scrapeIntervalSeconds: 15,
    targets: { up: 1, total: 1 },
    newestSampleMs: 0,
    oldestSampleMs: 0,
    store: { path: '', headSeries: 0, headSamples: 0, blocks: 0, sizeBytes: 0, freeBytes: null },
    sync: {
      driver: 'local',
      remoteBlocks: 0,
      remoteBytes: 0,
      pendingBlocks: 0,
      lastSuccessMs: null,
      lastError: null,
    },
    problems: [],
    can: { read: true, write: true, manage: true },
    ...fields,
  };
}

test.each([
  [status({}), 'working', 'good'],
  [status({ state: 'starting' }), 'starting', 'busy'],
  [status({ state: 'starting', problems: [error] }), 'attention', 'error'],
  [status({ state: 'degraded' }), 'attention', 'warning'],
  [status({ problems: [warning] }), 'attention', 'warning'],
  [status({ problems: [warning, error] }), 'attention', 'error'],
  [status({ state: 'stopped', problems: [warning] }), 'stopped', 'error'],
])('judges state %#', (given, word, tone) => {
  expect(judgeHealth(given)).toEqual({ word, tone });
});

test('puts errors before warnings and keeps the order otherwise', () => {
  const second = { ...warning, code: 'W2' };
  expect(sortProblems([warning, second, error]).map(({ code }) => code)).toEqual(['E', 'W', 'W2']);
});

test('calls the newest sample stale after three intervals', () => {
  const { nowMs } = status({});
  expect(isStale(status({ newestSampleMs: nowMs - 45_000 }))).toBe(false);
  expect(isStale(status({ newestSampleMs: nowMs - 45_001 }))).toBe(true);
  expect(isStale(status({ newestSampleMs: null }))).toBe(false);
  const problems = [{ ...warning, code: 'CLUSTER_CLOCK_SKEW' }];
  expect(isStale(status({ newestSampleMs: nowMs - 45_001, problems }))).toBe(false);
});

test('asks quickly until the first sample is there', () => {
  expect(statusDelayMs(status({ state: 'starting' }))).toBe(STARTING_POLL_MS);
  expect(statusDelayMs(status({ newestSampleMs: null }))).toBe(STARTING_POLL_MS);
  expect(statusDelayMs(status({}))).toBe(STEADY_POLL_MS);
});
