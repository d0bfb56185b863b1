import { expect, test } from '@jest/globals';
import { readEntry } from './range-entry.ts';

const times = {
  nowMs: Date.UTC(2026, 10, 20, 12),
  oldestMs: Date.UTC(2026, 10, 1),
  restartedAtMs: Date.UTC(2026, 10, 19, 7, 30),
};

test('shows a preset as times that move with the clock', () => {
  expect(readEntry({ kind: 'preset', preset: '1h' }, 'utc', times)).toEqual({
    shown: { from: '2026-11-20T11:00', to: '2026-11-20T12:00' },
    choice: { kind: 'last', lengthMs: 3_600_000 },
    fault: null,
  });
  expect(readEntry({ kind: 'preset', preset: 'restart' }, 'utc', times).shown).toEqual({
    from: '2026-11-19T07:30',
    to: '2026-11-20T12:00',
  });
});

test('has no range where a preset has no beginning, and finds no fault in that', () => {
  expect(
    readEntry({ kind: 'preset', preset: 'restart' }, 'utc', { ...times, restartedAtMs: null }),
  ).toEqual({ shown: { from: '', to: '' }, choice: null, fault: null });
});

test('reads what was typed', () => {
  const typed = { kind: 'typed', zone: 'utc', from: '2026-11-20T10:00' } as const;
  expect(readEntry({ ...typed, to: '2026-11-20T11:30' }, 'utc', times).choice).toEqual({
    kind: 'fixed',
    fromMs: Date.UTC(2026, 10, 20, 10),
    toMs: Date.UTC(2026, 10, 20, 11, 30),
  });
  expect(readEntry({ ...typed, to: '2026-11-20T10:00' }, 'utc', times)).toMatchObject({
    choice: null,
    fault: 'reversed',
  });
});
