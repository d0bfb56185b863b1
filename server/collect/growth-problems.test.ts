import { expect, test } from '@jest/globals';
import { growthProblems, type CutTarget } from './growth-problems.ts';

const hour = 3_600_000;

/** A server whose metric is cut off until so many hours after 1970; the whole server where there is none. */
function cut(number: number, metric: string | undefined, hours = 1, limit = 10_000): CutTarget {
  const host = `app${String(number)}`;
  const place = { host, port: 8067, path: '/metrics', instance: `${host}:8067` };
  const target = { ...place, job: 'prometheus', isOptional: false };
  return { target, cutOff: { metric, limit, untilMs: hours * hour } };
}

const messages = (...all: CutTarget[]) => growthProblems(all).map(({ message }) => message);

test('names the metric and the target, or the target alone', () => {
  expect(messages(cut(1, 'wild'), cut(1, undefined))).toEqual([
    'The metric wild of app1:8067 (prometheus) brought 10000 new series within an hour: further ones are not stored until 1970-01-01 01:00:00 UTC. Known series go on.',
    'All metrics together of app1:8067 (prometheus) brought 10000 new series within an hour: further ones are not stored until 1970-01-01 01:00:00 UTC. Known series go on.',
  ]);
});

test('makes one problem of a metric that grows on all servers, and one of all that do', () => {
  const servers = Array.from({ length: 20 }, (_, i) => i + 1);
  const all = servers.flatMap((at) => [cut(at, 'wild', at), cut(at, undefined, at)]);
  const names =
    'app1:8067 (prometheus), app2:8067 (prometheus), app3:8067 (prometheus) and 17 more';
  const rest = `brought 10000 new series within an hour from each of 20 targets: ${names}. Further ones are not stored until 1970-01-01 20:00:00 UTC at the latest. Known series go on.`;
  expect(messages(...all)).toEqual([`The metric wild ${rest}`, `All metrics together ${rest}`]);
});

test('keeps metrics and limits apart', () => {
  expect(messages(cut(1, 'wild'), cut(2, 'wilder'), cut(3, 'wild', 1, 5000))).toHaveLength(3);
});
