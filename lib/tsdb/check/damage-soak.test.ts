import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { seededRng } from '../../runtime/index.ts';
import { parseBlockMeta } from '../block/index.ts';
import {
  check,
  errorCodes,
  filesIn,
  overwrite,
  smallBlock,
  smallWal,
  testSeed,
  withDir,
  writeWal,
} from './check-fixture.ts';

const seed = testSeed();
const say = `SEED=${String(seed)}`;

/** Runs `work` with the file replaced by `bytes`, then puts it back. */
function withFile<T>(file: string, bytes: Uint8Array, work: () => T): T {
  const before = readFileSync(file);
  overwrite(file, bytes);
  try {
    return work();
  } finally {
    overwrite(file, before);
  }
}

/** Every byte of the file with one random bit flipped; `make soak` flips each one, and all at once. */
function* flips(good: Uint8Array, rng: { u32(): number }): Generator<[string, Uint8Array]> {
  const all = [1, 2, 4, 8, 16, 32, 64, 128, 255];
  for (let at = 0; at < good.length; at++) {
    const masks = process.env['SOAK'] === '1' ? all : [1 << (rng.u32() % 8)];
    for (const mask of masks) {
      const bytes = good.slice();
      bytes[at]! ^= mask;
      yield [`byte ${String(at)} ^ ${String(mask)}`, bytes];
    }
  }
}

/** What no check can see: another meta.json that fits the block as well. */
function isHarmless(name: string, bytes: Uint8Array, good: Uint8Array): boolean {
  // Index version 3 reads as 2.
  if (name === 'index') return bytes[4] === 3;
  if (name !== 'meta.json') return false;
  const [was, is] = [parseBlockMeta(good), parseBlockMeta(bytes)];
  const sameParts = is.ulid === was.ulid && JSON.stringify(is.stats) === JSON.stringify(was.stats);
  return sameParts && is.minTime <= was.minTime && is.maxTime >= was.maxTime;
}

test('finds every flipped byte of a block', () => {
  const rng = seededRng(seed);
  withDir((parent) => {
    const dir = smallBlock(parent);
    expect(check(dir)).toMatchObject({ findings: [], summary: { chunks: 4, samples: 18 } });
    for (const name of filesIn(dir)) {
      const file = join(dir, name);
      const good = new Uint8Array(readFileSync(file));
      for (const [what, bytes] of flips(good, rng)) {
        const codes = withFile(file, bytes, () => errorCodes(dir));
        if (codes.length > 0) continue;
        expect([say, name, what, isHarmless(name, bytes, good)]).toEqual([say, name, what, true]);
      }
    }
  });
});

test('finds every truncation of a block, and every byte too many', () => {
  withDir((parent) => {
    const dir = smallBlock(parent);
    for (const name of filesIn(dir)) {
      const file = join(dir, name);
      const good = new Uint8Array(readFileSync(file));
      for (let length = 0; length < good.length; length++) {
        const codes = withFile(file, good.subarray(0, length), () => errorCodes(dir));
        expect([name, length, codes.length]).not.toEqual([name, length, 0]);
      }
      const codes = withFile(file, Uint8Array.of(...good, 0), () => errorCodes(dir));
      expect([name, codes.length]).not.toEqual([name, 0]);
    }
  });
});

test('finds every flipped byte of a WAL', () => {
  const rng = seededRng(seed);
  const { bytes: good } = smallWal();
  withDir((dir) => {
    writeWal(dir, good);
    expect(check(dir).findings).toEqual([]);
    for (const [what, bytes] of flips(good, rng)) {
      writeWal(dir, bytes);
      expect([say, what, errorCodes(dir).length]).not.toEqual([say, what, 0]);
    }
  });
});

test('finds every truncation of a WAL that is not between two records', () => {
  const { bytes: good, recordEnds } = smallWal();
  withDir((dir) => {
    for (let length = 1; length < good.length; length++) {
      writeWal(dir, good.subarray(0, length));
      const wanted = recordEnds.includes(length) ? [] : ['TSDB_WAL_TORN'];
      expect([length, errorCodes(dir)]).toEqual([length, wanted]);
    }
  });
});
