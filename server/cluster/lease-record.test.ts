import { describe, expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../../lib/runtime/index.ts';
import { encodeLease, parseLease, type LeaseRecord } from './lease-record.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

const record: LeaseRecord = {
  ...{ epoch: 12, sequence: 345, state: 'held', id: 'qk8e7p3f1b8zipq9bhnp9xuxfo' },
  ...{
    boot: '0a1b2c3d',
    pid: 77,
    host: 'app-1.exämple',
    version: '0.9.0',
    sinceMs: 1_763_640_000_000,
  },
} as const;

const valid = JSON.parse(new TextDecoder().decode(encodeLease(record).raw)) as Record<
  string,
  unknown
>;
const kindOf = (value: unknown) => parseLease(new TextEncoder().encode(JSON.stringify(value)));

test('reads what it wrote', () => {
  expect(parseLease(encodeLease(record).raw)).toEqual({ kind: 'known', record });
  expect(Object.keys(valid)).toEqual([
    'v',
    'e',
    's',
    'st',
    'id',
    'boot',
    'pid',
    'host',
    'ver',
    'since',
  ]);
});

test('ignores fields that it does not know', () => {
  expect(kindOf({ ...valid, extra: { a: 1 } })).toEqual({ kind: 'known', record });
});

test('no cut of a record is one', () => {
  const { raw } = encodeLease(record);
  for (let end = 0; end < raw.length; end++) {
    expect(parseLease(raw.subarray(0, end)).kind).toBe('unreadable');
  }
});

describe('a record', () => {
  const bad: [string, unknown][] = [
    ['that is null', null],
    ['that is a list', [valid]],
    ['that is a number', 5],
    ['without a version', { ...valid, v: undefined }],
    ['of version 0', { ...valid, v: 0 }],
    ['of half a version', { ...valid, v: 1.5 }],
    ['with a version that is a text', { ...valid, v: '1' }],
    ['with an epoch of 0', { ...valid, e: 0 }],
    ['with an epoch below 0', { ...valid, e: -3 }],
    ['with an epoch beyond belief', { ...valid, e: 1e308 }],
    ['with an epoch above the highest', { ...valid, e: 2 ** 48 + 1 }],
    ['with half an epoch', { ...valid, e: 1.5 }],
    ['with an epoch that is a text', { ...valid, e: '12' }],
    ['with a sequence that is a list', { ...valid, s: [] }],
    ['in no known state', { ...valid, st: 'HELD' }],
    ['with an id that is an object', { ...valid, id: {} }],
    ['with a host that is too long', { ...valid, host: 'h'.repeat(256) }],
    ['with a host of two lines', { ...valid, host: 'a\nb' }],
    ['with a pid below 0', { ...valid, pid: -1 }],
    ['with no since', { ...valid, since: null }],
    ['that is too large', { ...valid, extra: 'x'.repeat(9000) }],
  ];

  test.each(bad)('%s is unreadable', (_name, value) => {
    const parsed = kindOf(value);
    expect(parsed).toMatchObject({ kind: 'unreadable' });
    // The reason goes into the status: nothing of the bytes may.
    expect((parsed as { reason: string }).reason.length).toBeLessThan(80);
  });

  test('whose prototype is forged stays unreadable', () => {
    const text = `{"__proto__":${JSON.stringify(valid)}}`;
    expect(parseLease(new TextEncoder().encode(text)).kind).toBe('unreadable');
  });

  test('that cannot be understood still says its epoch', () => {
    expect(kindOf({ v: 2, e: 99 })).toEqual({ kind: 'unknownVersion', epoch: 99 });
    expect(kindOf({ ...valid, st: 'gone', e: 98 })).toMatchObject({
      kind: 'unreadable',
      epoch: 98,
    });
    expect(kindOf({ v: 2, e: 1e308 })).toEqual({ kind: 'unknownVersion', epoch: 0 });
  });
});

test(`survives any damage (SEED=${seed})`, () => {
  const rng = seededRng(seed);
  const { raw } = encodeLease(record);
  for (let round = 0; round < 3000; round++) {
    const damaged = raw.slice();
    for (let hits = 0; hits <= round % 4; hits++) {
      damaged[rng.u32() % damaged.length] = rng.u32() & 0xff;
    }
    const parsed = parseLease(damaged);
    if (parsed.kind === 'known') expect(Number.isSafeInteger(parsed.record.epoch)).toBe(true);
    else expect(parsed.epoch).toBeGreaterThanOrEqual(0);
  }
});
