import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { filesIn, overwrite, smallBlock, testSeed, withDir } from '../check/check-fixture.ts';
import { modelOf, sorted } from '../model-fixture.ts';
import { openBlock } from './index.ts';

const isSoak = process.env['SOAK'] === '1';
const seed = testSeed();
const say = `SEED=${String(seed)}`;

/** The smallest block of any seed has more. */
const leastBytes = 300;

/** All samples of the block, or the code of the error that refuses it. */
function read(dir: string): string {
  try {
    const reader = openBlock(dir);
    try {
      return JSON.stringify(sorted(modelOf(reader)));
    } finally {
      reader.close();
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') throw error;
    return `refused: ${code}`;
  }
}

/** Reads the block with each of the changed files in the place of its own. */
function eachDamage(damages: (good: Uint8Array) => Iterable<[string, Uint8Array]>): number {
  let count = 0;
  withDir((parent) => {
    const dir = smallBlock(parent, seed);
    const right = read(dir);
    expect(right).toMatch(/^\[/);
    for (const name of filesIn(dir)) {
      const file = join(dir, name);
      const good = new Uint8Array(readFileSync(file));
      for (const [what, bytes] of damages(good)) {
        count++;
        overwrite(file, bytes);
        const found = read(dir);
        // Some bytes nobody needs for reading, such as the statistics in meta.json.
        const isFine = found === right || found.startsWith('refused: TSDB_');
        if (!isFine) expect([say, name, what, found]).toEqual([say, name, what, right]);
      }
      overwrite(file, good);
    }
  });
  return count;
}

test('a block gives the right samples or none when a file of it is cut at any byte', () => {
  const count = eachDamage(function* (good) {
    for (let length = 0; length < good.length; length++) {
      yield [`cut at ${String(length)}`, good.subarray(0, length)];
    }
  });
  expect(count).toBeGreaterThan(leastBytes);
});

test('a block gives the right samples or none when any byte of it is changed', () => {
  const count = eachDamage(function* (good) {
    for (let at = 0; at < good.length; at++) {
      // `make soak` writes all 255 other bytes, a plain run one, another one each time.
      const first = 1 + ((seed + at * 7) % 255);
      for (let mask = isSoak ? 1 : first; mask <= (isSoak ? 255 : first); mask++) {
        const bytes = good.slice();
        bytes[at]! ^= mask;
        yield [`byte ${String(at)} ^ ${String(mask)}`, bytes];
      }
    }
  });
  expect(count).toBeGreaterThan(leastBytes);
}, 900_000);
