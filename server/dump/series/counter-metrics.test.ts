import { expect, test } from '@jest/globals';
import { counterTest, metricTypes } from './counter-metrics.ts';

const facts = (...types: string[]) => types.map((type) => ({ type, help: '', unit: '' }));

const isCounter = counterTest(
  metricTypes({
    requests: facts('counter'),
    threads_total: facts('gauge'),
    latency: facts('histogram'),
    latency_count: facts('gauge'),
    pauses: facts('summary'),
    sizes: facts('gaugehistogram'),
    either: facts('gauge', 'counter'),
    guess_total: facts('unknown'),
    guess: facts('unknown'),
    build: facts('info'),
  }),
);

test.each([
  ['requests', true],
  ['requests_total', true],
  ['requests_created', false],
  ['threads_total', false],
  ['latency_bucket', true],
  ['latency_sum', true],
  ['latency_count', false],
  ['pauses', false],
  ['pauses_sum', true],
  ['pauses_count', true],
  ['pauses_bucket', false],
  ['sizes_bucket', false],
  ['sizes_gcount', false],
  ['either', true],
  ['guess_total', true],
  ['guess', false],
  ['build_info', false],
  ['unheard_total', true],
  ['unheard_seconds_bucket', true],
  ['unheard_seconds_sum', true],
  ['unheard_count', true],
  ['unheard', false],
  ['total', false],
  ['constructor', false],
  ['', false],
])('takes %s for a counter: %s', (name, want) => {
  expect(isCounter(['__name__', name])).toBe(want);
});
