import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { seededRng, systemClock } from '../../runtime/index.ts';
import { printTombstones, type BlockReader, type Interval } from '../block/index.ts';
import { openBlock, writeBlock, type BlockSeries } from '../disk/index.ts';
import { TsdbError } from '../errors.ts';
import { labelValue, type Labels } from '../labels.ts';
import { bitsOf, modelOf, put, seriesOf, sorted, staleBits, type Model } from '../model-fixture.ts';
import { newUlid } from '../ulid.ts';
import { rewriteBlocks, type RewriteOptions } from './index.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const rng = seededRng(seed);
const ulid = () => newUlid(1_700_000_000_000, rng);
const all = { mint: -Infinity, maxt: Infinity };

let dir = '';
let opened: BlockReader[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tsdb-rewrite-'));
});
afterEach(() => {
  for (const block of opened) block.close();
  opened = [];
  rmSync(dir, { recursive: true, force: true });
});

function open(path: string): BlockReader {
  const block = openBlock(path);
  opened.push(block);
  return block;
}

/** A block with these series; `tombstones` by position of the series. */
function block(series: Iterable<BlockSeries>, tombstones?: ReadonlyMap<number, Interval[]>) {
  const { dir: path } = writeBlock({ parentDir: dir, ulid: ulid(), series })!;
  if (tombstones !== undefined) {
    const reader = open(path);
    const refs = reader.index.allPostings();
    const byRef = [...tombstones].map(([at, cuts]) => [refs[at]!, cuts] as const);
    writeFileSync(join(path, 'tombstones'), printTombstones(new Map(byRef)));
  }
  return open(path);
}

function rewrite(sources: readonly BlockReader[], options: Partial<RewriteOptions> = {}) {
  const result = rewriteBlocks({ sources, ...all, parentDir: dir, ulid: ulid(), ...options });
  return result === undefined ? undefined : { ...result, block: open(result.dir) };
}

function steady(name: string, from: number, to: number, step = 10): Model {
  const model: Model = new Map();
  const labels = ['__name__', name];
  for (let time = from; time < to; time += step) put(model, labels, time, bitsOf(time * 3));
  return model;
}

/** Chunk bytes of all series, in order. */
function chunkBytes(block: BlockReader): Uint8Array[] {
  return [...block.series()].flatMap(({ chunks }) => chunks.map((meta) => block.chunk(meta).data));
}

describe('rewriteBlocks', () => {
  test('copies a block byte for byte, with a new id and the same level', () => {
    const source = block(seriesOf(steady('a', 0, 5000)));
    const result = rewrite([source])!;
    expect(chunkBytes(result.block)).toEqual(chunkBytes(source));
    expect(result).toMatchObject({ samples: 500, series: 1 });
    const { meta } = result;
    expect(meta).toEqual({ ...source.meta, ulid: meta.ulid });
    expect(meta.ulid).not.toBe(source.meta.ulid);
    expect(meta.compaction).toEqual({ level: 1, sources: [source.meta.ulid] });
  });

  test('trims: inner chunks by their bytes, edge chunks encoded again', () => {
    const source = block(seriesOf(steady('a', 0, 6000)));
    const result = rewrite([source], { mint: 500, maxt: 5500 })!;
    expect(result.meta).toMatchObject({ minTime: 500, maxTime: 5491 });
    expect(sorted(modelOf(result.block))).toEqual(sorted(steady('a', 500, 5500)));
    const [before, after] = [chunkBytes(source), chunkBytes(result.block)];
    expect(after.length).toBe(before.length);
    expect(after.slice(1, -1)).toEqual(before.slice(1, -1));
    expect(after[0]).not.toEqual(before[0]);
  });

  test('takes the lower bound and leaves the upper one', () => {
    const source = block(seriesOf(steady('a', 0, 100)));
    expect(rewrite([source], { mint: 10, maxt: 20 })!.samples).toBe(1);
    expect(rewrite([source], { mint: 90, maxt: 91 })!.samples).toBe(1);
    expect(rewrite([source], { mint: 91, maxt: 1000 })).toBeUndefined();
    expect(rewrite([source], { mint: -5, maxt: 0 })).toBeUndefined();
    expect(rewrite([], {})).toBeUndefined();
    expect(readdirSync(dir).length).toBe(3);
  });

  test('leaves out series, and with them their symbols', () => {
    const model = new Map([...steady('keep', 0, 100), ...steady('secret', 0, 100)]);
    const keepSeries = (labels: Labels) => labelValue(labels, '__name__') === 'keep';
    const result = rewrite([block(seriesOf(model))], { keepSeries })!;
    expect(sorted(modelOf(result.block))).toEqual(sorted(steady('keep', 0, 100)));
    expect(result.block.index.symbols()).toEqual(['__name__', 'keep']);
  });

  test('thins what it has merged, into chunks of 120 samples, counters by what the caller says', () => {
    const model = new Map([...steady('a', 0, 20_000), ...steady('b', 0, 20_000)]);
    for (const time of [10_010, 10_020]) {
      put(model, ['__name__', 'a'], time, bitsOf(0));
      put(model, ['__name__', 'b'], time, bitsOf(0));
    }
    const isCounter = (labels: Labels) => labelValue(labels, '__name__') === 'a';
    const sources = [block(seriesOf(model)), block(seriesOf(steady('a', 5000, 30_000)))];
    const result = rewrite(sources, { mint: 100, thinning: { stepMs: 100, isCounter } })!;
    const times = [...modelOf(result.block)].map(([, samples]) => [...samples.keys()]);
    const steps = (to: number) => Array.from({ length: to / 100 }, (_, at) => 100 * (at + 1));
    expect(times[0]).toEqual([...steps(29_900), 29_990, 10_010].sort((a, b) => a - b));
    expect(times[1]).toEqual([...steps(19_900), 19_990]);
    const sizes = [...result.block.series()].map(({ chunks }) => chunks.length);
    expect(sizes).toEqual([3, 2]);
  });

  test('leaves series of other encodings as they are when it thins', () => {
    const histogram = {
      ...{ mint: 10, maxt: 20, numSamples: 2 },
      ...{ data: Uint8Array.of(0, 2, 9, 9), encoding: 2 },
    };
    const source = block([{ labels: ['a', 'x'], chunks: [histogram] }]);
    const result = rewrite([source], { thinning: { stepMs: 100, isCounter: () => true } })!;
    expect(chunkBytes(result.block)).toEqual([histogram.data]);
  });

  test('writes chunks that are the same in two sources once', () => {
    const first = block(seriesOf(steady('a', 0, 2400)));
    const second = block(seriesOf(steady('a', 0, 3600)));
    const result = rewrite([first, second])!;
    expect(chunkBytes(result.block)).toEqual(chunkBytes(second));
    expect(result.meta.compaction).toEqual({
      level: 2,
      sources: [first.meta.ulid, second.meta.ulid].sort(),
    });
  });

  test('merges overlapping chunks: the first source wins, chunks of 120 samples', () => {
    const first = steady('a', 0, 2000, 20);
    const second: Model = new Map();
    for (let time = 0; time < 4000; time += 10) put(second, ['__name__', 'a'], time, staleBits);
    const result = rewrite([block(seriesOf(first)), block(seriesOf(second))])!;
    const wanted: Model = new Map();
    for (let time = 0; time < 4000; time += 10) {
      const isFirst = time < 2000 && time % 20 === 0;
      put(wanted, ['__name__', 'a'], time, isFirst ? bitsOf(time * 3) : staleBits);
    }
    expect(sorted(modelOf(result.block))).toEqual(sorted(wanted));
    const sizes = [...result.block.series()][0]!.chunks.map(
      (meta) => result.block.chunk(meta).numSamples,
    );
    expect(sizes).toEqual([120, 120, 120, 40]);
  });

  test('applies tombstones', () => {
    const model = new Map([...steady('a', 0, 3600), ...steady('b', 0, 3600)]);
    const cuts = [
      { mint: 0, maxt: 1500 },
      { mint: 2000, maxt: 2000 },
    ];
    const result = rewrite([block(seriesOf(model), new Map([[1, cuts]]))])!;
    const wanted = new Map([...steady('a', 0, 3600), ...steady('b', 1510, 3600)]);
    wanted.get('["__name__","b"]')?.delete(2000);
    expect(sorted(modelOf(result.block))).toEqual(sorted(wanted));
    expect(result.block.tombstones.size).toBe(0);
  });

  test('applies a tombstone that meets no more of a chunk than its first or last sample', () => {
    // Two chunks: up to 1190, and from 1200 on.
    const model = steady('a', 0, 2400);
    for (const time of [0, 1190, 1200, 2390]) {
      const cuts = new Map([[0, [{ mint: time, maxt: time }]]]);
      const wanted = steady('a', 0, 2400);
      wanted.get('["__name__","a"]')?.delete(time);
      const result = rewrite([block(seriesOf(model), cuts)])!;
      expect(sorted(modelOf(result.block))).toEqual(sorted(wanted));
      expect(result.samples).toBe(239);
    }
  });

  test('has a sample once where one source ends with it and the next begins', () => {
    const later: Model = new Map();
    for (let time = 1190; time < 2000; time += 10) put(later, ['__name__', 'a'], time, bitsOf(7));
    const result = rewrite([block(seriesOf(steady('a', 0, 1200))), block(seriesOf(later))])!;
    expect(result.samples).toBe(200);
    const [[, samples] = []] = modelOf(result.block);
    expect([samples?.get(1190), samples?.get(1200)]).toEqual([bitsOf(1190 * 3), bitsOf(7)]);
  });

  test('copies chunks of other encodings, but neither cuts nor merges them', () => {
    const histogram = {
      mint: 10,
      maxt: 20,
      numSamples: 2,
      data: Uint8Array.of(0, 2, 9, 9),
      encoding: 2,
    };
    const source = block([{ labels: ['a', 'x'], chunks: [histogram] }]);
    const copied = rewrite([source, source])!;
    expect(copied.block.chunk([...copied.block.series()][0]!.chunks[0]!)).toEqual(histogram);
    const refused = expect.objectContaining({ code: 'TSDB_CHUNK_ENCODING' });
    expect(() => rewrite([source], { mint: 11 })).toThrow(refused);
    expect(() => rewrite([source], { maxt: 20 })).toThrow(refused);
    const other = block([{ labels: ['a', 'x'], chunks: [{ ...histogram, maxt: 21 }] }]);
    expect(() => rewrite([source, other])).toThrow(refused);
    expect(readdirSync(dir).length).toBe(3);
  });

  test('gives series other labels, which sort anew, and lets the sources go before the index', () => {
    const model: Model = new Map();
    const names = Array.from({ length: 40 }, (_, at) => `s${String(at).padStart(2, '0')}`);
    for (const name of names) {
      for (let time = 0; time < 3000; time += 10)
        put(model, ['__name__', name], time, bitsOf(time));
    }
    const source = block(seriesOf(model));
    // Backwards, but for every seventh.
    const aliasOf = (name: string, at: number) => (at % 7 === 0 ? name : `a${String(99 - at)}`);
    const aliases = new Map(names.map((name, at) => [name, aliasOf(name, at)]));
    const relabel = (labels: Labels): Labels => [
      '__name__',
      aliases.get(labelValue(labels, '__name__') ?? '') ?? '',
    ];
    const told: string[] = [];
    let readEnds = 0;
    const result = rewrite([source], {
      relabel,
      onSeries: (labels) => told.push(labels[1] ?? ''),
      segmentBytes: 4096,
      onRead: () => {
        readEnds++;
        source.close();
      },
    })!;
    expect(readEnds).toBe(1);
    expect(told).toEqual([...aliases.values()]);
    const wanted: Model = new Map();
    for (const [labels, samples] of model)
      wanted.set(JSON.stringify(relabel(JSON.parse(labels) as Labels)), samples);
    expect(sorted(modelOf(result.block))).toEqual(sorted(wanted));
    expect(result.block.index.labelValues('__name__')).toEqual([...aliases.values()].sort());
    const found = [...result.block.series()].map(({ labels }) => labels[1]);
    expect(found).toEqual([...aliases.values()].sort());
  });

  test('refuses two series that are given the same labels', () => {
    const model = steady('a', 0, 100);
    put(model, ['__name__', 'b'], 5, bitsOf(1));
    const relabel = () => ['__name__', 'same'];
    const code = 'TSDB_OUT_OF_ORDER';
    expect(() => rewrite([block(seriesOf(model))], { relabel })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('tells progress, and stops where it is told to', () => {
    const model: Model = new Map();
    for (let at = 0; at < 300; at++) put(model, ['i', String(at)], 5, bitsOf(1));
    const sources = [block(seriesOf(model)), block(seriesOf(steady('a', 0, 10)))];
    const told: [number, number][] = [];
    rewrite(sources, { onProgress: (done, total) => told.push([done, total]) });
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.at(-1)).toEqual([301, 301]);
    expect(told.every(([done], at) => at === 0 || done >= told[at - 1]![0])).toBe(true);
    for (const allowed of [0, 1, 300, 700]) {
      let left = allowed;
      const checkCancelled = () => {
        if (left-- === 0) throw new TsdbError('TSDB_IO', 'cancelled');
      };
      expect(() => rewrite(sources, { checkCancelled })).toThrow('cancelled');
    }
    expect(readdirSync(dir).length).toBe(3);
  });

  test('keeps the asked range and further keys in meta.json', () => {
    const metaRange = { mint: 0, maxt: 7_200_000 };
    const extra = { thanos: { labels: { a: 'b' } } };
    const { meta } = rewrite([block(seriesOf(steady('a', 100, 200)))], { metaRange, extra })!;
    expect(meta).toMatchObject({ minTime: 0, maxTime: 7_200_000, extra });
  });

  test('refuses a chunk whose samples are not where the index says', () => {
    const [series] = seriesOf(steady('a', 0, 100));
    const [chunk] = series!.chunks;
    const lying = block([{ labels: ['a', 'x'], chunks: [{ ...chunk!, maxt: 50 }] }]);
    expect(() => rewrite([lying], { mint: 20 })).toThrow(
      expect.objectContaining({ code: 'TSDB_CHUNK_CORRUPT' }),
    );
  });
});

describe(`rewriteBlocks against a model, seed ${String(seed)}`, () => {
  test('gives what a map of all samples gives', () => {
    for (let round = 0; round < 10; round++) {
      const wanted: Model = new Map();
      const mint = rng.u32() % 3000;
      const maxt = mint + (rng.u32() % 6000);
      const sources = Array.from({ length: 1 + (rng.u32() % 5) }, () => randomSource(wanted));
      const isKept = (labels: Labels) => round % 3 > 0 || labels[1] !== 's1';
      for (const [key, samples] of wanted) {
        for (const time of samples.keys()) if (time < mint || time >= maxt) samples.delete(time);
        if (!isKept(JSON.parse(key) as Labels)) wanted.delete(key);
      }
      const result = rewrite(
        sources.filter((source) => source !== undefined),
        { mint, maxt, keepSeries: isKept, segmentBytes: 2000 },
      );
      const got = result === undefined ? [] : sorted(modelOf(result.block));
      expect(got).toEqual(sorted(wanted));
      const count = [...wanted.values()].reduce((sum, samples) => sum + samples.size, 0);
      expect(result?.samples ?? 0).toBe(count);
    }
  });

  /** A block of random samples; what of it is new goes into `wanted`. */
  function randomSource(wanted: Model): BlockReader | undefined {
    const model: Model = new Map();
    const cuts = new Map<number, Interval[]>();
    for (let series = 0; series < 4; series++) {
      if (rng.u32() % 4 === 0) continue;
      const labels = ['__name__', `s${String(series)}`, '～', '😀'];
      const step = 1 + (rng.u32() % 20);
      const from = rng.u32() % 5000;
      const to = from + step * (rng.u32() % 400);
      for (let time = from; time < to; time += step) {
        put(model, labels, time, rng.u32() % 9 === 0 ? staleBits : bitsOf(rng.u32()));
      }
    }
    const series = seriesOf(model, 1 + (rng.u32() % 150));
    if (series.length === 0) return undefined;
    series.forEach(({ labels }, at) => {
      const start = rng.u32() % 6000;
      if (rng.u32() % 3 === 0) cuts.set(at, [{ mint: start, maxt: start + (rng.u32() % 2000) }]);
      const [cut] = cuts.get(at) ?? [];
      for (const [time, bits] of model.get(JSON.stringify(labels))!) {
        const isCut = cut !== undefined && time >= cut.mint && time <= cut.maxt;
        if (!isCut && wanted.get(JSON.stringify(labels))?.has(time) !== true) {
          put(wanted, labels, time, bits);
        }
      }
    });
    return block(series, cuts);
  }
});
