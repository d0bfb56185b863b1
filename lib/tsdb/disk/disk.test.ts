import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { seededRng } from '../../runtime/index.ts';
import { TsdbError } from '../errors.ts';
import {
  bitsOf,
  modelOf,
  nanBits,
  put,
  seriesOf,
  sorted,
  staleBits,
  type Model,
} from '../model-fixture.ts';
import { newUlid } from '../ulid.ts';
import { PageFramer } from '../wal/index.ts';
import {
  FileSink,
  FileSource,
  deleteBlock,
  listBlockDirs,
  openBlock,
  readSegment,
  sweepTemporary,
  syncDirectory,
  writeBlock,
  writeBlockFiles,
  writeFileDurably,
  type BlockSeries,
} from './index.ts';

const vectors = join(import.meta.dirname, '../../../test/vectors/tsdb');
const rng = seededRng(99);
const ulid = () => newUlid(1_700_000_000_000, rng);
const f = (run: () => unknown, code: string) =>
  expect(run).toThrow(expect.objectContaining({ code }));

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tsdb-disk-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function model(seriesCount = 3, samples = 250): Model {
  const result: Model = new Map();
  for (let series = 0; series < seriesCount; series++) {
    const labels = ['__name__', 'm', 'i', `～${String(series)}`];
    for (let at = 0; at < samples; at++) {
      const odd = [staleBits, nanBits, bitsOf(-0)][at % 40];
      put(result, labels, 1000 + at * 10, odd ?? bitsOf(at * series));
    }
  }
  return result;
}

function write(parentDir: string, id: string, series: Iterable<BlockSeries>) {
  return writeBlock({ parentDir, ulid: id, series });
}

/** Samples of the block in `dir`, which is closed again. */
function read(blockDir: string): Model {
  const block = openBlock(blockDir);
  try {
    return modelOf(block);
  } finally {
    block.close();
  }
}

describe('writeBlock', () => {
  test('writes what openBlock reads, to the bit', () => {
    const id = ulid();
    const written = write(dir, id, seriesOf(model()));
    expect(written).toMatchObject({
      dir: join(dir, id),
      meta: {
        ulid: id,
        minTime: 1000,
        maxTime: 3491,
        stats: { numSamples: 750, numSeries: 3, numChunks: 9 },
        compaction: { level: 1, sources: [id] },
      },
    });
    expect(readdirSync(dir)).toEqual([id]);
    expect(readdirSync(join(dir, id)).sort()).toEqual([
      'chunks',
      'index',
      'meta.json',
      'tombstones',
    ]);
    expect(sorted(read(join(dir, id)))).toEqual(sorted(model()));
    const sizes = ['chunks/000001', 'index', 'meta.json', 'tombstones'].map(
      (name) => readFileSync(join(dir, id, name)).length,
    );
    expect(written?.sizeBytes).toBe(sizes.reduce((a, b) => a + b));
  });

  test('takes range, level, sources and further keys from the caller', () => {
    const [id, a, b] = [ulid(), ulid(), ulid()];
    const extra = { thanos: { version: 1 } };
    const options = { mint: 0, maxt: 7_200_000, level: 2, sources: [b, a, b], extra };
    writeBlock({ parentDir: dir, ulid: id, series: seriesOf(model()), ...options });
    const block = openBlock(join(dir, id));
    expect(block.meta).toMatchObject({ minTime: 0, maxTime: 7_200_000, extra });
    expect(block.meta.compaction).toEqual({ level: 2, sources: [a, b].sort() });
    block.close();
  });

  test('cuts segments at their limit', () => {
    const id = ulid();
    const series = seriesOf(model(20));
    writeBlock({ parentDir: dir, ulid: id, series, segmentBytes: 3000 });
    const chunks = join(dir, id, 'chunks');
    const names = readdirSync(chunks).sort();
    expect(names.length).toBeGreaterThan(3);
    expect(names[0]).toBe('000001');
    for (const name of names) {
      expect(readFileSync(join(chunks, name)).length).toBeLessThanOrEqual(3000);
    }
    expect(sorted(read(join(dir, id)))).toEqual(sorted(model(20)));
    rmSync(join(chunks, '000002'));
    f(() => openBlock(join(dir, id)), 'TSDB_CORRUPT');
  });

  test('gives its files away one by one, the same as when they stay, and keeps one at most', () => {
    const id = ulid();
    const options = () => ({ ulid: id, series: seriesOf(model(20)), segmentBytes: 3000 });
    const { meta, sizeBytes } = writeBlock({ parentDir: dir, ...options() })!;
    const taken = join(dir, 'taken');
    mkdirSync(taken);
    const files = writeBlockFiles({ parentDir: taken, ...options() });
    const names: string[] = [];
    for (let step = files.next(); ; step = files.next()) {
      const lying = readdirSync(taken, { recursive: true }).map(String);
      expect(lying.filter((name) => /\d{6}$|index|tombstones|json/.test(name)).length).toBeLessThan(
        3,
      );
      if (step.done === true) {
        expect(step.value).toEqual({ meta, sizeBytes });
        break;
      }
      const { name, path } = step.value;
      names.push(name);
      expect(readFileSync(path)).toEqual(readFileSync(join(dir, id, name)));
    }
    const chunks = readdirSync(join(dir, id, 'chunks')).sort();
    const wanted = [...chunks.map((name) => `chunks/${name}`), 'index', 'tombstones', 'meta.json'];
    expect(names).toEqual(wanted);
    expect(readdirSync(taken)).toEqual([]);
    const given = writeBlockFiles({ parentDir: taken, ...options() });
    given.next();
    given.return(undefined);
    expect(readdirSync(taken)).toEqual([]);
    expect(writeBlockFiles({ parentDir: taken, ulid: id, series: [] }).next()).toEqual({
      done: true,
      value: undefined,
    });
  });

  test('leaves nothing when there is no sample', () => {
    expect(write(dir, ulid(), [])).toBeUndefined();
    expect(write(dir, ulid(), [{ labels: ['a', 'b'], chunks: [] }])).toBeUndefined();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('leaves nothing after a failure at any series, or a cancel', () => {
    const series = seriesOf(model());
    for (let fail = 0; fail <= series.length; fail++) {
      const failing = function* () {
        yield* series.slice(0, fail);
        throw new TsdbError('TSDB_IO', 'source failed');
      };
      f(() => write(dir, ulid(), failing()), 'TSDB_IO');
      expect(readdirSync(dir)).toEqual([]);
    }
    // Asked once per series while chunks are written and once more while the index is.
    for (let allowed = 0; allowed < 6; allowed++) {
      let left = allowed;
      const checkCancelled = () => {
        if (left-- === 0) throw new TsdbError('TSDB_IO', 'cancelled');
      };
      f(() => writeBlock({ parentDir: dir, ulid: ulid(), series, checkCancelled }), 'TSDB_IO');
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  test('refuses series out of order, bad ids and a block that exists', () => {
    const [first, second] = seriesOf(model(2));
    f(() => write(dir, ulid(), [second!, first!]), 'TSDB_OUT_OF_ORDER');
    f(() => write(dir, 'wal', []), 'TSDB_BAD_ULID');
    const id = ulid();
    write(dir, id, [first!]);
    f(() => write(dir, id, [second!]), 'TSDB_IO');
    expect(sorted(read(join(dir, id))).length).toBe(1);
  });

  test('leaves a directory to sweep, and no block, when the process is killed', () => {
    // Calls 0 to 3 are made while chunks are written, 4 to 7 while the index is.
    for (const dieAt of ['0', '2', '5', '8']) {
      const id = ulid();
      const run = spawnSync(process.execPath, [
        join(import.meta.dirname, 'kill-fixture.ts'),
        dir,
        id,
        dieAt,
      ]);
      const isFinished = dieAt === '8';
      expect(run.signal).toBe(isFinished ? null : 'SIGKILL');
      expect(listBlockDirs(dir)).toEqual(isFinished ? [join(dir, id)] : []);
      expect(sweepTemporary(dir)).toEqual(isFinished ? [] : [`${id}.tmp-for-creation`]);
    }
    expect(sorted(read(listBlockDirs(dir)[0]!)).length).toBe(4);
  });

  test('replaces what a crash left of the same block', () => {
    const id = ulid();
    const left = join(dir, `${id}.tmp-for-creation`);
    mkdirSync(join(left, 'chunks'), { recursive: true });
    writeFileSync(join(left, 'chunks', '000001'), 'half');
    write(dir, id, seriesOf(model()));
    expect(readdirSync(dir)).toEqual([id]);
    expect(sorted(read(join(dir, id)))).toEqual(sorted(model()));
  });
});

describe('block directories', () => {
  test('opens blocks of Prometheus', () => {
    const wanted = readFileSync(join(vectors, 'dump.txt'), 'utf8').trim().split('\n');
    const samples = listBlockDirs(vectors).flatMap((path) => sorted(read(path)));
    expect(samples.reduce((sum, [, list]) => sum + list.length, 0)).toBe(wanted.length);
    const lines = new Set(
      samples.flatMap(([key, list]) => list.map((sample) => line(key, sample))),
    );
    for (const text of wanted) expect(lines.has(text) ? text : 'missing').toBe(text);
  });

  test('lists only directories with the name of a block', () => {
    const id = ulid();
    for (const name of [id, 'wal', `${id}.tmp-for-deletion`]) mkdirSync(join(dir, name));
    writeFileSync(join(dir, ulid()), '');
    expect(listBlockDirs(dir)).toEqual([join(dir, id)]);
  });

  test('sweeps what unfinished work left, and nothing else', () => {
    const id = ulid();
    const kept = [id, 'wal', 'other.tmp', 'x.tmp-for-creation'];
    const swept = ['.tmp', '.tmp-for-creation', '.tmp-for-deletion'].map((end) => id + end);
    for (const name of [...kept, ...swept])
      mkdirSync(join(dir, name, 'chunks'), { recursive: true });
    expect(sweepTemporary(dir).sort()).toEqual(swept.sort());
    expect(readdirSync(dir).sort()).toEqual(kept.sort());
  });

  test('deletes a block', () => {
    const id = ulid();
    write(dir, id, seriesOf(model()));
    mkdirSync(join(dir, `${id}.tmp-for-deletion`));
    deleteBlock(join(dir, id));
    expect(readdirSync(dir)).toEqual([]);
    f(() => deleteBlock(join(dir, id)), 'ENOENT');
  });

  test('gives a coded error for each missing or broken part, and closes what it opened', () => {
    const id = ulid();
    const path = join(dir, id);
    for (const [name, code] of [
      ['meta.json', 'TSDB_BAD_META'],
      ['index', 'TSDB_TRUNCATED'],
      ['tombstones', 'TSDB_TRUNCATED'],
      ['chunks/000001', 'TSDB_TRUNCATED'],
    ] as const) {
      write(dir, id, seriesOf(model()));
      writeFileSync(join(path, name), 'x');
      f(() => read(path), code);
      rmSync(join(path, name));
      if (name === 'tombstones') expect(sorted(read(path))).toEqual(sorted(model()));
      else if (name !== 'chunks/000001') f(() => read(path), 'ENOENT');
      else f(() => read(path), 'TSDB_CORRUPT');
      rmSync(path, { recursive: true });
    }
  });
});

/** A sample as `promtool tsdb dump` prints it. */
function line(key: string, [timeMs, bits]: [number, string]): string {
  const labels = JSON.parse(key) as string[];
  const pairs: string[] = [];
  for (let at = 0; at < labels.length; at += 2) {
    pairs.push(`${labels[at]!}="${labels[at + 1]!.replace(/[\\"]/g, '\\$&')}"`);
  }
  return `{${pairs.join(', ')}} ${goFloat(bits)} ${String(timeMs)}`;
}

/** A float as Go's `%g` prints it. */
function goFloat(bits: string): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  const value = view.getFloat64(0);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 21) return String(value);
  const size = String(Math.abs(power)).padStart(2, '0');
  return `${digits}e${power < 0 ? '-' : '+'}${size}`;
}

describe('files', () => {
  test('reads windows, and keeps what it handed out', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);
    writeFileSync(join(dir, 'a'), bytes);
    const source = new FileSource(join(dir, 'a'), 64);
    const pieces = [...Array(400).keys()].map((at) => {
      const offset = (at * 37) % 1000;
      const length = Math.min(1000 - offset, (at * 13) % 150);
      return { offset, length, piece: source.read(offset, length) };
    });
    for (const { offset, length, piece } of pieces) {
      expect(Buffer.from(piece).equals(bytes.subarray(offset, offset + length))).toBe(true);
    }
    expect(source.read(1000, 0).length).toBe(0);
    f(() => source.read(999, 2), 'TSDB_TRUNCATED');
    f(() => source.read(-1, 2), 'TSDB_TRUNCATED');
    writeFileSync(join(dir, 'a'), '');
    f(() => source.read(0, 500), 'TSDB_TRUNCATED');
    source.close();
    source.close();
    writeFileSync(join(dir, 'a'), bytes);
    f(() => source.read(0, 1), 'TSDB_IO');
    f(() => new FileSource(join(dir, 'none')), 'ENOENT');
  });

  test('writes through a buffer of any size', () => {
    for (const buffer of [1, 7, 100, 10_000]) {
      const path = join(dir, `sink-${String(buffer)}`);
      const sink = new FileSink(path, new Uint8Array(buffer));
      const wanted: number[] = [];
      for (let at = 0; at < 50; at++) {
        const bytes = Uint8Array.from({ length: at % 17 }, () => at);
        wanted.push(...bytes);
        sink.write(bytes);
        bytes.fill(255);
      }
      expect(sink.length).toBe(wanted.length);
      sink.close();
      sink.close();
      expect([...readFileSync(path)]).toEqual(wanted);
      f(() => new FileSink(path), 'EEXIST');
    }
  });

  test('replaces a file as a whole', () => {
    const path = join(dir, 'meta.json');
    writeFileSync(`${path}.tmp`, 'left by a crash');
    writeFileDurably(path, new TextEncoder().encode('one'));
    writeFileDurably(path, new TextEncoder().encode('two'));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(existsSync(`${path}.tmp`)).toBe(false);
    f(() => writeFileDurably(join(dir, 'none', 'x'), new Uint8Array(1)), 'ENOENT');
    syncDirectory(dir);
    f(() => syncDirectory(join(dir, 'none')), 'ENOENT');
  });

  test('reads WAL segments', () => {
    const framer = new PageFramer();
    framer.append(Uint8Array.of(1, 2, 3));
    writeFileSync(join(dir, '00000007'), framer.pending);
    const { reader, sizeBytes, close } = readSegment(dir, 7);
    expect(sizeBytes).toBe(10);
    expect(reader.next()).toEqual(Uint8Array.of(1, 2, 3));
    expect(reader.next()).toBeUndefined();
    close();
  });
});
