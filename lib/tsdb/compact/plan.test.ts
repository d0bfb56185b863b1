import { describe, expect, test } from '@jest/globals';

import { seededRng, systemRng } from '../../runtime/index.ts';
import { planCompaction, type CompactableBlock } from './index.ts';

/** Ranges of 20, 60 and 180 keep the tables short; the rules do not know hours. */
const ranges = [20, 60, 180];

/** A block as `mint..maxt`, with `-5/10` when 5 of its 10 series have a tombstone, `!` when failed. */
function blockOf(text: string, at: number): CompactableBlock {
  const [, mint, maxt, numTombstones = '0', numSeries = '10', failed] =
    /^(-?\d+)\.\.(-?\d+)(?:-(\d+)\/(\d+))?(!)?$/.exec(text)!;
  return {
    ulid: String(at + 1),
    mint: Number(mint),
    maxt: Number(maxt),
    hasFailed: failed !== undefined,
    numSeries: Number(numSeries),
    numTombstones: Number(numTombstones),
  };
}

/** Blocks are numbered from 1 in the order given; the wish names those that are merged. */
function f(blocks: string, want: string, of = ranges): void {
  const plan = planCompaction(blocks === '' ? [] : blocks.split(' ').map(blockOf), of);
  const got = plan === undefined ? '' : plan.blocks.map(({ ulid }) => ulid).join(' ');
  expect([blocks, got]).toEqual([blocks, want]);
}

describe('blocks that do not overlap', () => {
  test('are merged when they fill their span and a newer block exists', () => {
    f('', '');
    f('0..20', '');
    f('0..20 20..40', '');
    f('0..20 20..40 40..60', '');
    f('0..20 20..40 40..60 60..80', '1 2 3');
    f('60..80 40..60 0..20 20..40', '3 4 2');
    f('0..20 20..40 60..80 80..100', '1 2');
    f('0..20 60..80 80..100 100..120 120..140', '2 3 4');
    f('20..40 60..80 80..100', '');
    f('20..40 40..60 60..80', '');
    f('20..40 40..60 60..80 80..100', '1 2');
  });

  test('are merged with gaps once nothing more can come', () => {
    f('0..20 40..60 60..80', '1 2');
    f('0..20 60..80 120..140 180..200', '');
    f('0..20 60..80 120..140 180..200 200..220', '1 2 3');
    f('0..20 20..40 80..100', '');
    f('0..20 20..40 80..100 100..120', '1 2');
    f('0..20 60..80 180..200 200..220', '1 2');
  });

  test('are merged into small ranges before large ones', () => {
    f('0..60 60..120 120..180 180..200', '1 2 3');
    f('0..60 60..120 120..140 140..160 160..180 180..200', '3 4 5');
    f('0..60 60..120 120..180 180..200 200..220 220..240 240..260', '4 5 6');
    f('0..60 60..120 180..200 200..220', '1 2');
    f('0..180 180..240 240..300 300..360 360..380', '2 3 4');
    f('0..180 180..360 360..540 540..560', '');
  });

  test('lie in a span or are left out', () => {
    f('10..30 30..50 50..70 70..90 90..110', '1 2');
    f('50..70 70..90 130..150 190..200', '');
    f('50..70 70..90 130..150 190..200 210..220', '1 2 3');
    f('170..190 190..210 210..230 250..270', '2 3');
    f('0..200 200..220 220..240 240..260', '');
    f('0..200 200..220 220..240 240..260 260..280', '2 3');
  });

  test('may lie before the epoch', () => {
    f('-60..-40 -40..-20 -20..0 0..20', '1 2 3');
    f('-80..-60 -60..-40 -40..-20', '');
    f('-20..0 0..20 20..40 60..80', '');
    f('-20..0 0..20 20..40 60..80 80..100', '2 3');
  });

  test('fill a span also when they end with their samples', () => {
    f('3..18 21..39 41..58 61..63', '1 2 3');
    f('3..18 21..39 61..63', '');
    f('23..39 41..58 61..63', '');
    f('23..39 41..58 61..63 81..83', '1 2');
  });

  test('are left alone where one has failed', () => {
    f('0..20 20..40! 40..60 60..80', '');
    f('0..20 20..40! 40..60 60..80 80..100 100..120 120..140', '4 5 6');
  });

  test('stay when there is one range only', () => {
    f('0..20 20..40 40..60 60..80', '', [20]);
    f('0..20 20..40 40..60 60..80', '', []);
  });
});

describe('blocks that overlap', () => {
  test('come first, the newest too', () => {
    f('0..20 19..40', '1 2');
    f('0..20 20..40 40..60 59..80 80..100', '3 4');
    f('0..20 20..40 30..50 40..60 60..80', '2 3 4');
    f('0..20 0..20', '1 2');
    f('0..100 10..20 30..40 100..120', '1 2 3');
    f('10..20 0..100 110..120 115..125', '2 1');
  });

  test('are left alone where one has failed', () => {
    f('0..20! 10..30', '');
    f('0..20! 10..30 40..60 50..70', '3 4');
    f('0..20 10..30! 15..40', '1 3');
  });
});

describe('blocks with tombstones', () => {
  test('are rewritten when they are large and much is deleted', () => {
    f('0..60-1/10 60..80', '1');
    f('0..60-1/19 60..80', '');
    f('0..60-2/19 60..80', '1');
    f('0..60-5/10! 60..80', '');
    f('0..60 60..80-10/10', '');
  });

  test('are rewritten when all is deleted, however small', () => {
    f('0..20-9/10 20..40', '');
    f('0..20-10/10 20..40', '1');
    f('0..60-5/10 60..80-9/10 80..100', '');
  });
});

test('ends: merging what is planned leaves disjoint blocks and nothing to do', () => {
  const seed = Number(
    process.env['SEED'] ?? new DataView(systemRng.bytes(4).buffer as ArrayBuffer).getUint32(0),
  );
  const rng = seededRng(seed);
  for (let round = 0; round < 200; round++) {
    const pick = (below: number) => rng.u32() % below;
    let blocks: CompactableBlock[] = Array.from({ length: pick(30) }, (_, at) => {
      const mint = pick(2000) - 500;
      const maxt = mint + 1 + pick([20, 20, 60, 200][pick(4)]!);
      return blockOf(`${String(mint)}..${String(maxt)}`, at);
    });
    const coverage = covered(blocks);
    for (let step = 0; ; step++) {
      expect([seed, round, step]).not.toEqual([seed, round, 100]);
      const plan = planCompaction(blocks, ranges);
      if (plan === undefined) break;
      expect(plan.blocks.length).toBeGreaterThan(1);
      const mint = Math.min(...plan.blocks.map((block) => block.mint));
      const maxt = Math.max(...plan.blocks.map((block) => block.maxt));
      const merged = { ...plan.blocks[0]!, ulid: `m${String(step)}`, mint, maxt };
      blocks = [...blocks.filter((block) => !plan.blocks.includes(block)), merged];
    }
    const sorted = blocks.sort((a, b) => a.mint - b.mint);
    for (let at = 1; at < sorted.length; at++) {
      expect([seed, round, sorted[at]!.mint >= sorted[at - 1]!.maxt]).toEqual([seed, round, true]);
    }
    for (const time of coverage) {
      const hasFailed = blocks.some(({ mint, maxt }) => mint <= time && time < maxt);
      expect([seed, round, time, hasFailed]).toEqual([seed, round, time, true]);
    }
  }
});

function covered(blocks: readonly CompactableBlock[]): number[] {
  return blocks.flatMap(({ mint, maxt }) => [mint, maxt - 1]);
}
