import { describe, expect, test } from '@jest/globals';
import {
  checkRange,
  DAY_MS,
  fromLocalInput,
  presetChoice,
  presets,
  resolveRange,
  toLocalInput,
} from './ranges.ts';

const HOUR_MS = 3_600_000;
const now = Date.UTC(2026, 10, 20, 9, 2);

test('takes the last day anew from the clock each time', () => {
  const choice = { kind: 'last', lengthMs: DAY_MS } as const;
  expect(resolveRange(choice, now)).toEqual({ from: now - DAY_MS, to: now });
  expect(resolveRange(choice, now + 5)).toEqual({ from: now + 5 - DAY_MS, to: now + 5 });
});

test('keeps a fixed range as it was chosen', () => {
  const choice = { kind: 'fixed', fromMs: 1, toMs: 2 } as const;
  expect(resolveRange(choice, now)).toEqual({ from: 1, to: 2 });
});

test('has presets of exact lengths that end now, and two that begin with something', () => {
  const starts = { oldestMs: now - 15 * DAY_MS, restartedAtMs: now - 5 * HOUR_MS };
  const lengths = presets.map((preset) => {
    const choice = presetChoice(preset, starts);
    const { from, to } = resolveRange(choice!, now);
    expect(to).toBe(now);
    return (to - from) / 60_000;
  });
  expect(lengths).toEqual([15, 60, 360, 1_440, 4_320, 10_080, 300, 21_600]);
  const unknown = { oldestMs: null, restartedAtMs: null };
  expect(presets.filter((preset) => presetChoice(preset, unknown) === null)).toEqual([
    'restart',
    'everything',
  ]);
});

describe('a datetime-local input', () => {
  test.each([now, now + 6 * 30 * DAY_MS, 0])('holds the minute %d through a round trip', (ms) => {
    expect(fromLocalInput(toLocalInput(ms, 'browser'), 'browser')).toBe(ms);
    expect(fromLocalInput(toLocalInput(ms, 'utc'), 'utc')).toBe(ms);
    expect(toLocalInput(ms, 'utc')).toBe(new Date(ms).toISOString().slice(0, 16));
  });

  test.each(['', '2026-11-20', '2026-11-20T', '2026-13-40T10:00', 'tomorrow'])(
    'is incomplete with %j',
    (value) => {
      expect(fromLocalInput(value, 'browser')).toBeNull();
      expect(fromLocalInput(value, 'utc')).toBeNull();
    },
  );

  test('may carry seconds', () => {
    expect(fromLocalInput('2026-11-20T10:00:30', 'browser')).toBe(
      fromLocalInput('2026-11-20T10:00', 'browser')! + 30_000,
    );
  });
});

describe('a chosen range', () => {
  const bounds = { nowMs: now, oldestMs: now - 15 * DAY_MS };
  const faultOf = (from: number | null, to: number | null) => {
    const checked = checkRange(from, to, bounds);
    return checked.kind === 'bad' ? checked.fault : 'none';
  };

  test('is good inside the data', () => {
    expect(checkRange(now - HOUR_MS, now, bounds)).toEqual({
      kind: 'good',
      fromMs: now - HOUR_MS,
      toMs: now,
    });
  });

  test('ends now when it reaches into the future', () => {
    expect(checkRange(now - HOUR_MS, now + HOUR_MS, bounds)).toMatchObject({ toMs: now });
  });

  test('needs both ends, in order, not in the future, not before the data', () => {
    expect(faultOf(null, now)).toBe('from-missing');
    expect(faultOf(now - 1, null)).toBe('to-missing');
    expect(faultOf(now - 1, now - 1)).toBe('reversed');
    expect(faultOf(now, now + 1)).toBe('future');
    expect(faultOf(0, bounds.oldestMs)).toBe('before-data');
    expect(faultOf(0, bounds.oldestMs + 1)).toBe('none');
  });

  test('is not held to data that is not known', () => {
    expect(checkRange(0, 1, { nowMs: now, oldestMs: null }).kind).toBe('good');
  });
});
