import { describe, expect, test } from '@jest/globals';

import { seededRng } from '../runtime/index.ts';
import { isUlid, newUlid, parseUlid, ulidTimeMs } from './ulid.ts';

const zeros = { bytes: (count: number) => new Uint8Array(count) };
const ones = { bytes: (count: number) => new Uint8Array(count).fill(255) };

describe('ulid', () => {
  test('writes time and random bits in Crockford base 32', () => {
    expect(newUlid(0, zeros)).toBe('00000000000000000000000000');
    expect(newUlid(2 ** 48 - 1, ones)).toBe('7ZZZZZZZZZZZZZZZZZZZZZZZZZ');
    const counting = { bytes: () => Uint8Array.of(1, 2, 3, 4, 5, 250, 251, 252, 253, 254) };
    expect(newUlid(1_469_922_850_259, counting)).toBe('01ARZ3NDEK04106105ZBXZSZFY');
  });

  test('keeps its time, and sorts by it', () => {
    const rng = seededRng(7);
    const times = [0, 1, 1_700_000_000_000, 1_700_000_000_001, 2 ** 48 - 1];
    const ulids = times.map((time) => newUlid(time, rng));
    expect(ulids.map(ulidTimeMs)).toEqual(times);
    expect([...ulids].sort()).toEqual(ulids);
    expect(ulidTimeMs('01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBe(1_469_922_850_259);
  });

  test('takes only the strict form', () => {
    const f = (text: string, want: boolean) => expect(isUlid(text)).toBe(want);
    f('01HE949VD3YTRWF8GXT2TC97KJ', true);
    f('01he949vd3ytrwf8gxt2tc97kj', false);
    f('81HE949VD3YTRWF8GXT2TC97KJ', false);
    f('01HE949VD3YTRWF8GXT2TC97K', false);
    f('01HE949VD3YTRWF8GXT2TC97KJ0', false);
    f('01HE949VD3YTRWF8GXT2TC97KI', false);
    f('', false);
    expect(parseUlid('01HE949VD3YTRWF8GXT2TC97KJ')).toBe('01HE949VD3YTRWF8GXT2TC97KJ');
    expect(() => parseUlid('wal')).toThrow(expect.objectContaining({ code: 'TSDB_BAD_ULID' }));
  });

  test.each([-1, 0.5, 2 ** 48, NaN])('refuses the time %p', (time) => {
    expect(() => newUlid(time, zeros)).toThrow(expect.objectContaining({ code: 'TSDB_BAD_ULID' }));
  });
});
