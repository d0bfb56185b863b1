import { expect, test } from '@jest/globals';
import { BufferSweep } from './index.ts';

test('asks the engine each time so many bytes went by', () => {
  const asked: unknown[] = [];
  const sweep = new BufferSweep(100, { gc: (options) => asked.push(options) });
  for (const bytes of [50, 49, 1, 99, 1000, 99]) sweep.passed(bytes);
  expect(asked).toEqual([{ type: 'minor' }, { type: 'minor' }]);
});

test('asks for a look at everything when work has ended', () => {
  const asked: unknown[] = [];
  const sweep = new BufferSweep(100, { gc: (options) => asked.push(options) });
  sweep.passed(99);
  sweep.ended();
  sweep.passed(99);
  expect(asked).toEqual([{ type: 'major' }]);
});

test('does nothing where the engine cannot be asked', () => {
  const sweep = new BufferSweep(1, {});
  sweep.passed(2);
  sweep.ended();
});
