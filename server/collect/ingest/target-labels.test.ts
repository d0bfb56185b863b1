import { expect, test } from '@jest/globals';
import { labelMerger } from './target-labels.ts';

const target = { job: 'prometheus', instance: 'node:8067' };

function merge(honorLabels: boolean, ...exposed: string[]) {
  const merged = labelMerger(target, honorLabels)(exposed);
  return Array.from({ length: merged.length / 2 }, (_, at) =>
    merged.slice(2 * at, 2 * at + 2).join('='),
  );
}

test('adds the target’s labels and sorts by name', () => {
  for (const honorLabels of [true, false]) {
    expect(merge(honorLabels, '__name__', 'up', 'z', '1', 'B', '2')).toEqual([
      'B=2',
      '__name__=up',
      'instance=node:8067',
      'job=prometheus',
      'z=1',
    ]);
  }
});

test('lets exposed labels win when they are honoured', () => {
  expect(merge(true, '__name__', 'a', 'job', 'mine')).toEqual([
    '__name__=a',
    'instance=node:8067',
    'job=mine',
  ]);
});

test('takes an honoured empty label for none at all', () => {
  expect(merge(true, '__name__', 'a', 'job', '', 'x', '')).toEqual([
    '__name__=a',
    'instance=node:8067',
  ]);
});

test('renames exposed labels that are in the way when they are not honoured', () => {
  expect(merge(false, '__name__', 'a', 'job', 'mine', 'instance', '')).toEqual([
    '__name__=a',
    'exported_job=mine',
    'instance=node:8067',
    'job=prometheus',
  ]);
  expect(merge(false, '__name__', 'a', 'exported_job', 'x', 'job', 'y')).toEqual([
    '__name__=a',
    'exported_exported_job=y',
    'exported_job=x',
    'instance=node:8067',
    'job=prometheus',
  ]);
});
