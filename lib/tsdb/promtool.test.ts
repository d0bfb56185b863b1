import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { seededRng } from '../runtime/index.ts';
import { printTombstones } from './block/index.ts';
import { listBlockDirs, openBlock, writeBlock } from './disk/index.ts';
import type { Labels } from './labels.ts';
import { modelOf, nanBits, put, seriesOf, sorted, staleBits, type Model } from './model-fixture.ts';
import { rewriteBlocks } from './rewrite/index.ts';
import { SampleBatch } from './sample-batch.ts';
import { newUlid } from './ulid.ts';
import { PageFramer, SamplesEncoder, encodeSeriesRecord, walSegmentName } from './wal/index.ts';

const isMissing = spawnSync('promtool', ['--version']).error !== undefined;
const rng = seededRng(20_261_120);
const t0 = 1_699_999_200_000;
const all = { mint: -Infinity, maxt: Infinity };

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tsdb-promtool-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function ulid(): string {
  return newUlid(t0, rng);
}

/** A directory of its own with the `wal/` that promtool wants. */
function storeDir(): string {
  const dir = mkdtempSync(join(root, 'store-'));
  mkdirSync(join(dir, 'wal'));
  return dir;
}

/** Output of promtool, or its complaint. */
function promtool(...args: string[]): { text: string; isOk: boolean } {
  const run = spawnSync('promtool', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { text: run.stdout + (run.status === 0 ? '' : run.stderr), isOk: run.status === 0 };
}

function dump(dir: string): string[] {
  const { text, isOk } = promtool('tsdb', 'dump', dir);
  if (!isOk) throw new Error(text);
  return text.split('\n').filter((line) => line !== '');
}

/** Blocks that promtool makes of a text with counters, gauges, gaps and odd values. */
function oracle(): string {
  const dir = storeDir();
  const lines = ['# TYPE up gauge'];
  const odd = ['NaN', '+Inf', '-Inf', '0.1', '-3e+300', '5e-324'];
  for (let series = 0; series < 8; series++) {
    let value = 0;
    for (let at = 0; at < 400; at++) {
      if (at % 61 === series) continue;
      value += rng.u32() % 100;
      const text = series === 3 ? odd[rng.u32() % odd.length]! : String(value);
      const jitter = series % 2 === 0 ? '' : `.00${String(rng.u32() % 3)}`;
      const name = `up{instance="h-${String(series)}:1",path="a\\"\\\\b",job="é～😀"}`;
      lines.push(`${name} ${text} ${String(t0 / 1000 + at * 60)}${jitter}`);
    }
  }
  writeFileSync(join(dir, 'in.om'), `${lines.join('\n')}\n# EOF\n`);
  promtool('tsdb', 'create-blocks-from', 'openmetrics', join(dir, 'in.om'), dir);
  return dir;
}

function timeOf(line: string): number {
  return Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** A model with counters and stale markers. */
function sampleModel(seriesCount: number, count: number, stepMs = 15_000): Model {
  const model: Model = new Map();
  for (let series = 0; series < seriesCount; series++) {
    const labels: Labels = ['__name__', 'm', 'i', String(series), 'zone', '～😀'];
    for (let at = 0; at < count; at++) {
      const bits = at % 50 === 49 ? staleBits : at % 50 === 48 ? nanBits : randomBits();
      put(model, labels, t0 + at * stepMs, bits);
    }
  }
  return model;
}

/** Bits of a positive finite number. */
function randomBits(): string {
  const half = (value: number) => value.toString(16).padStart(8, '0');
  return half(0x3ff00000 | (rng.u32() & 0xfffff)) + half(rng.u32());
}

/** The model in a WAL of one segment. */
function writeWal(dir: string, model: Model): void {
  const framer = new PageFramer();
  const series = seriesOf(model).map(({ labels }, at) => ({ ref: at + 1, labels }));
  framer.append(encodeSeriesRecord(series));
  const encoder = new SamplesEncoder();
  const batch = new SampleBatch(1);
  const bySeries = sorted(model).map(([, samples]) => samples);
  for (let at = 0; at < bySeries[0]!.length; at++) {
    batch.clear();
    bySeries.forEach((samples, index) => {
      const [timeMs, bits] = samples[at]!;
      const half = (from: number) => parseInt(bits.slice(from, from + 8), 16);
      batch.push(index + 1, half(8), half(0), timeMs);
    });
    framer.append(encoder.encode(batch));
    // One bit changed in padding reads as a record without content: Prometheus goes on behind it.
    if (at % 100 === 0) framer.append(new Uint8Array(0));
  }
  writeFileSync(join(dir, 'wal', walSegmentName(0)), framer.pending);
}

if (isMissing && process.env['CI'] === 'true') {
  test('finds promtool', () => {
    throw new Error('promtool is missing: install the package "prometheus" of the distribution');
  });
}

(isMissing ? describe.skip : describe)('promtool', () => {
  test('dumps what we read from its blocks, also after we wrote them anew', () => {
    const from = oracle();
    const to = storeDir();
    const dirs = listBlockDirs(from);
    expect(dirs.length).toBeGreaterThan(2);
    for (const dir of dirs) {
      const block = openBlock(dir);
      writeBlock({ parentDir: to, ulid: ulid(), series: seriesOf(modelOf(block)) });
      block.close();
    }
    const wanted = dump(from);
    expect(wanted.length).toBeGreaterThan(3000);
    expect(dump(to)).toEqual(wanted);
  });

  test('dumps a merge, and a trim, of its blocks as the blocks themselves', () => {
    const from = oracle();
    const wanted = dump(from);
    const sources = listBlockDirs(from).map((dir) => openBlock(dir));
    const whole = storeDir();
    rewriteBlocks({ sources, ...all, parentDir: whole, ulid: ulid() });
    expect(dump(whole)).toEqual(wanted);
    const trimmed = storeDir();
    const mint = t0 + 3_333_333;
    const maxt = t0 + 60_000 * 250;
    rewriteBlocks({ sources, mint, maxt, parentDir: trimmed, ulid: ulid() });
    expect(dump(trimmed)).toEqual(
      wanted.filter((line) => timeOf(line) >= mint && timeOf(line) < maxt),
    );
    for (const source of sources) source.close();
  });

  test('dumps overlapping blocks as we merge them, tombstones applied', () => {
    const from = storeDir();
    const model = sampleModel(5, 400);
    const parts: Model[] = [new Map(), new Map(), new Map()];
    for (const [key, samples] of model) {
      for (const [timeMs, bits] of samples) {
        const labels = JSON.parse(key) as Labels;
        const part = parts[rng.u32() % 3]!;
        put(part, labels, timeMs, bits);
        if (rng.u32() % 4 === 0) put(parts[0]!, labels, timeMs, bits);
      }
    }
    for (const part of parts) writeBlock({ parentDir: from, ulid: ulid(), series: seriesOf(part) });
    const first = openBlock(listBlockDirs(from)[0]!);
    const refs = first.index.allPostings();
    const cut = { mint: t0 + 1_000_000, maxt: t0 + 4_000_000 };
    const tombstones = printTombstones(new Map([[refs[1]!, [cut]]]));
    writeFileSync(join(listBlockDirs(from)[0]!, 'tombstones'), tombstones);
    first.close();
    const sources = listBlockDirs(from).map((dir) => openBlock(dir));
    const merged = storeDir();
    const result = rewriteBlocks({ sources, ...all, parentDir: merged, ulid: ulid() });
    expect(dump(merged)).toEqual(dump(from));
    expect(result?.samples).toBe(dump(merged).length);
    for (const source of sources) source.close();
  });

  test('dumps a WAL of ours as the block of the same samples', () => {
    const model = sampleModel(20, 300);
    const walDir = storeDir();
    writeWal(walDir, model);
    const blockDir = storeDir();
    writeBlock({ parentDir: blockDir, ulid: ulid(), series: seriesOf(model) });
    const wanted = dump(blockDir);
    expect(wanted.length).toBe(6000);
    expect(dump(walDir)).toEqual(wanted);
  });

  test('lists and analyzes our blocks with the numbers of their meta.json', () => {
    const dir = storeDir();
    const series = seriesOf(sampleModel(7, 300));
    const written = writeBlock({ parentDir: dir, ulid: ulid(), series, segmentBytes: 4096 });
    expect(readdirSync(join(written!.dir, 'chunks')).length).toBeGreaterThan(2);
    const list = promtool('tsdb', 'list', dir);
    expect(list.text).toMatch(new RegExp(`${written!.meta.ulid}.*\\s2100\\s+21\\s+7\\s`));
    const analysis = promtool('tsdb', 'analyze', dir);
    expect(analysis).toMatchObject({ isOk: true });
    expect(analysis.text).toContain('Series: 7\n');
    expect(dump(dir).length).toBe(2100);
  });

  test('complains about the same damage as we do', () => {
    const dir = storeDir();
    const series = seriesOf(sampleModel(3, 100));
    const written = writeBlock({ parentDir: dir, ulid: ulid(), series })!;
    for (const [file, offset] of [
      ['chunks/000001', 100],
      ['index', 12],
      ['index', -10],
    ] as const) {
      const path = join(written.dir, file);
      const bytes = readFileSync(path);
      const damaged = Uint8Array.from(bytes);
      const at = offset < 0 ? bytes.length + offset : offset;
      damaged[at]! ^= 0x10;
      writeFileSync(path, damaged);
      // promtool 2.42 ends quietly at a damaged chunk; what it prints before that is not all.
      const { isOk, text } = promtool('tsdb', 'dump', dir);
      expect(isOk && text.split('\n').length > 300).toBe(false);
      expect(() => {
        const block = openBlock(written.dir);
        try {
          modelOf(block);
        } finally {
          block.close();
        }
      }).toThrow(expect.objectContaining({ code: 'TSDB_BAD_CHECKSUM' }));
      writeFileSync(path, bytes);
    }
  });
});
