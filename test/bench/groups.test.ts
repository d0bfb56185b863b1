import { expect, test } from '@jest/globals';
import { runGroups, type Group } from './groups.ts';
import type { Measure } from './measure.ts';

const measure = (name: string): Measure => ({
  ...{ name, unit: 's', ours: 1, goal: 1 },
  ...{ peer: null, peerName: null },
});

/** Runs three groups, the first of which waits with two others; tells what went on. */
async function run(wanted: string[], failing: string[] = []) {
  const events: string[] = [];
  const tables: string[] = [];
  const group = (name: string, beside: Group[] = []): Group => ({
    ...{ title: name, names: [name], beside },
    run: async (meanwhile) => {
      events.push(`${name} begins`);
      if (failing.includes(name)) throw new Error(name);
      await meanwhile();
      events.push(`${name} ends`);
      return [measure(name)];
    },
  });
  const groups = [group('demo', [group('series'), group('week')]), group('store')];
  await runGroups(groups, wanted, {
    onFailure: ({ title }) => events.push(`${title} fails`),
    onMeasures: (measures) => {
      tables.push(measures.map(({ name }) => name).join(' '));
      return Promise.resolve();
    },
    say: () => undefined,
  });
  return { events, table: tables.at(-1) };
}

test('does beside a group what fits there, and tells figures in the order of the groups', async () => {
  const { events, table } = await run([]);
  expect(events).toEqual([
    'demo begins',
    ...['series begins', 'series ends', 'week begins', 'week ends'],
    'demo ends',
    ...['store begins', 'store ends'],
  ]);
  expect(table).toBe('demo series week store');
});

test('runs what is wanted only, also when the group that it stands beside is not', async () => {
  const { events, table } = await run(['week']);
  expect(events).toEqual(['week begins', 'week ends']);
  expect(table).toBe('week');
});

test('does what stands beside a group that failed before it waited', async () => {
  const { events, table } = await run([], ['demo', 'series']);
  expect(events).toEqual([
    ...['demo begins', 'demo fails', 'series begins', 'series fails', 'week begins', 'week ends'],
    ...['store begins', 'store ends'],
  ]);
  expect(table).toBe('week store');
});
