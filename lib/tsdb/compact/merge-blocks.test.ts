import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { seededRng } from '../../runtime/index.ts';
import { checkDirectory } from '../check/index.ts';
import { openBlock, writeBlock } from '../disk/index.ts';
import { bitsOf, modelOf, put, seriesOf, sorted, staleBits, type Model } from '../model-fixture.ts';
import { newUlid } from '../ulid.ts';
import { isContained, mergeBlocks, withoutContained } from './index.ts';

const rng = seededRng(4);
const ulid = () => newUlid(1_700_000_000_000, rng);
const going = { checkCancelled: () => undefined };

function withDir(run: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'tsdb-merge-'));
  try {
    run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('merges whole blocks into one that covers their ranges', () => {
  withDir((dir) => {
    const all: Model = new Map();
    const made = [0, 1, 2].map((part) => {
      const model: Model = new Map();
      for (let at = 0; at < 300; at++) {
        const labels = ['__name__', `m${String(at % (5 + part))}`];
        const bits = at % 50 === 0 ? staleBits : bitsOf(at);
        // The parts overlap a little, with the same samples.
        for (const to of [model, all]) put(to, labels, part * 2900 + at * 10, bits);
      }
      const range = { mint: part * 2900, maxt: part * 2900 + 3000 };
      return writeBlock({ parentDir: dir, ulid: ulid(), series: seriesOf(model), ...range })!;
    });
    const dirs = made.map((block) => block.dir);
    const name = ulid();
    const merged = mergeBlocks({ dirs, parentDir: dir, ulid: name, extra: { of: 'us' } }, going)!;
    expect(merged.meta).toMatchObject({
      ...{ ulid: name, minTime: 0, maxTime: 8800, extra: { of: 'us' } },
      compaction: { level: 2, sources: made.map(({ meta }) => meta.ulid).sort() },
    });
    const reader = openBlock(merged.dir);
    expect(sorted(modelOf(reader)).length).toBe(7);
    reader.close();
    const severities: string[] = [];
    checkDirectory(merged.dir, { report: ({ severity }) => severities.push(severity) });
    expect(severities).toEqual([]);
    expect(readdirSync(dir).length).toBe(4);
  });
});

test('leaves nothing when it is cancelled or a block is not there', () => {
  withDir((dir) => {
    const model: Model = new Map();
    put(model, ['__name__', 'a'], 1, bitsOf(1));
    const { dir: first } = writeBlock({ parentDir: dir, ulid: ulid(), series: seriesOf(model) })!;
    const payload = { dirs: [first], parentDir: dir, ulid: ulid() };
    const cancelled = new Error('cancelled');
    const checkCancelled = () => {
      throw cancelled;
    };
    expect(() => mergeBlocks(payload, { checkCancelled })).toThrow(cancelled);
    const missing = { ...payload, dirs: [first, join(dir, ulid())] };
    expect(() => mergeBlocks(missing, going)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(readdirSync(dir).length).toBe(1);
  });
});

test('tells which blocks another one holds', () => {
  const block = (name: string, ...sources: string[]) => ({ ulid: name, sources });
  const f = (blocks: { ulid: string; sources: string[] }[], want: string): void => {
    expect(
      withoutContained(blocks)
        .map((kept) => kept.ulid)
        .join(' '),
    ).toBe(want);
  };
  f([], '');
  f([block('a', 'a'), block('b', 'b')], 'a b');
  f([block('m', 'a', 'b'), block('a', 'a'), block('b', 'b'), block('c', 'c')], 'm c');
  f([block('a', 'a'), block('m', 'a', 'b'), block('n', 'a', 'b', 'c')], 'n');
  f([block('m', 'a', 'b'), block('n', 'b', 'c')], 'm n');
  f([block('m', 'a', 'b'), block('n', 'a', 'b')], 'm');
  f([block('old'), block('m', 'old', 'b')], 'm');
  const remote = new Set(['a', 'b']);
  const has = (name: string) => remote.has(name);
  expect(isContained(block('m', 'a', 'b'), has)).toBe(true);
  expect(isContained(block('m', 'a', 'c'), has)).toBe(false);
  expect(isContained(block('a'), has)).toBe(true);
});
