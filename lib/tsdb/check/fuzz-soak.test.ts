import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { crc32c } from '../../bytes/index.ts';
import { seededRng } from '../../runtime/index.ts';
import { openBlock, writeBlock } from '../disk/index.ts';
import { TsdbError } from '../errors.ts';
import { IndexReader } from '../index/index.ts';
import { MemorySource } from '../byte-source.ts';
import { bitsOf, modelOf, put, seriesOf, sorted, staleBits, type Model } from '../model-fixture.ts';
import { SampleBatch } from '../sample-batch.ts';
import { newUlid } from '../ulid.ts';
import { PageFramer, SamplesEncoder, encodeSeriesRecord } from '../wal/index.ts';
import {
  check,
  filesIn,
  fixtureStartMs,
  overwrite,
  testSeed,
  withDir,
  writeWal,
} from './check-fixture.ts';
import { walkWal } from './index.ts';

/** `make soak` runs long; a plain test run takes its share with a new seed each time. */
const isSoak = process.env['SOAK'] === '1';
const blockRounds = isSoak ? 2000 : 6;
const damagesPerBlock = isSoak ? 40 : 12;
const walRounds = isSoak ? 5000 : 30;
const timeoutMs = isSoak ? 3_600_000 : 180_000;

const seed = testSeed();

type Pick = (below: number) => number;

function randomModel(pick: Pick): Model {
  const model: Model = new Map();
  const series = 1 + pick(8);
  for (let at = 0; at < series; at++) {
    const labels = ['__name__', `m${String(pick(3))}`, 'i', `${'é'.repeat(pick(3))}${String(at)}`];
    let timeMs = fixtureStartMs + pick(100_000);
    for (let sample = pick(60); sample >= 0; sample--) {
      put(model, labels, timeMs, pick(10) === 0 ? staleBits : bitsOf(pick(5) / (1 + pick(3))));
      timeMs += 1 + pick(pick(5) === 0 ? 1_000_000 : 1000);
    }
  }
  return model;
}

/** Bytes with something wrong in them: what disks, networks and people do. */
function damaged(good: Uint8Array, pick: Pick): Uint8Array {
  const at = pick(good.length + 1);
  const length = 1 + pick(pick(4) === 0 ? good.length : 8);
  const bytes = good.slice();
  switch (pick(7)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return bytes.fill(0, at, at + length);
    case 2:
      return bytes.fill(0xff, at, at + length);
    case 3:
      return new Uint8Array([...good.subarray(0, at), ...good.subarray(at + length)]);
    case 4:
      return new Uint8Array([
        ...good.subarray(0, at),
        ...good.subarray(0, length),
        ...good.subarray(at),
      ]);
    case 5:
      return bytes.copyWithin(at, pick(good.length), pick(good.length));
    default:
      for (let times = 1 + pick(4); times > 0; times--) bytes[pick(good.length)]! ^= 1 << pick(8);
      return bytes;
  }
}

/** An index with damage whose checksums are right again, as an attacker would send it. */
function lying(good: Uint8Array, pick: Pick): Uint8Array {
  const bytes = good.slice();
  const view = new DataView(bytes.buffer);
  const { toc } = new IndexReader(new MemorySource(good));
  const seal = (start: number): void => {
    const length = view.getUint32(start);
    if (start + 8 + length > bytes.length) return;
    view.setUint32(start + 4 + length, crc32c(bytes, start + 4, start + 4 + length));
  };
  const toEnd = bytes.length - 52;
  switch (pick(4)) {
    case 0:
      view.setUint32(toEnd + 8 * pick(6) + 4, pick(bytes.length));
      view.setUint32(toEnd + 48, crc32c(bytes, toEnd, toEnd + 48));
      break;
    case 1:
      bytes[toc.symbols + 4 + pick(toc.series - toc.symbols - 8)]! ^= 1 << pick(8);
      seal(toc.symbols);
      break;
    case 2:
      bytes[toc.postingsTable + 4 + pick(toEnd - toc.postingsTable - 8)]! ^= 1 << pick(8);
      seal(toc.postingsTable);
      break;
    default: {
      const start = Math.ceil(toc.series / 16) * 16;
      const length = bytes[start]!;
      bytes[start + 1 + pick(length)]! ^= 1 << pick(8);
      view.setUint32(start + 1 + length, crc32c(bytes, start + 1, start + 1 + length));
    }
  }
  return bytes;
}

/** What a reader makes of a block: its content, or that it refuses. */
function readAll(dir: string): Model | 'refused' {
  let close = (): void => undefined;
  try {
    const block = openBlock(dir);
    close = () => block.close();
    return modelOf(block);
  } catch (error) {
    const isExpected = error instanceof TsdbError || (error as { code?: string }).code === 'ENOENT';
    if (!isExpected) throw error;
    return 'refused';
  } finally {
    close();
  }
}

test(
  'a block without errors reads as it was written, and one that is refused has errors',
  () => {
    const rng = seededRng(seed);
    const pick: Pick = (below) => rng.u32() % below;
    for (let round = 0; round < blockRounds; round++) {
      withDir((parent) => {
        const model = randomModel(pick);
        const options = { series: seriesOf(model, 1 + pick(30)), segmentBytes: 64 + pick(2000) };
        const { dir } = writeBlock({ parentDir: parent, ulid: newUlid(1, rng), ...options })!;
        const say = `SEED=${String(seed)} round ${String(round)}`;
        expect([say, check(dir).findings]).toEqual([say, []]);
        for (let damage = 0; damage < damagesPerBlock; damage++) {
          const names = filesIn(dir);
          const isLie = pick(3) === 0;
          const name = isLie ? 'index' : names[pick(names.length)]!;
          const good = new Uint8Array(readFileSync(join(dir, name)));
          const bad = isLie ? lying(good, pick) : damaged(good, pick);
          if (pick(40) === 0) rmSync(join(dir, name));
          else overwrite(join(dir, name), bad);
          judge(`${say} damage ${String(damage)} of ${name}`, dir, model, isLie);
          overwrite(join(dir, name), good);
        }
      });
    }
  },
  timeoutMs,
);

function judge(say: string, dir: string, model: Model, isLie: boolean): void {
  const { errors } = check(dir).summary;
  const read = readAll(dir);
  if (read === 'refused') expect([say, errors]).not.toEqual([say, 0]);
  // A lie may be another valid block: no checker can know what was meant.
  else if (errors === 0 && !isLie) expect([say, sorted(read)]).toEqual([say, sorted(model)]);
}

/** A record and what a walk over the WAL shows of it. */
function randomRecord(pick: Pick, refs: number[]): { bytes: Uint8Array; shown: string } {
  if (refs.length === 0 || pick(4) === 0) {
    const series = Array.from({ length: 1 + pick(4) }, () => {
      refs.push(refs.length + 1);
      const value = 'v'.repeat(1 + pick(pick(8) === 0 ? 40_000 : 20));
      return { ref: refs.length, labels: ['__name__', 'm', 'v', `${value}${String(refs.length)}`] };
    });
    return { bytes: encodeSeriesRecord(series), shown: JSON.stringify(series) };
  }
  const batch = new SampleBatch();
  for (let left = pick(pick(6) === 0 ? 4000 : 20); left >= 0; left--) {
    batch.push(refs[pick(refs.length)]!, pick(2 ** 32), pick(2 ** 32), fixtureStartMs + pick(1e6));
  }
  return { bytes: new SamplesEncoder().encode(batch).slice(), shown: shownSamples(batch) };
}

function shownSamples({ count, hi, lo, refs, timesMs }: SampleBatch): string {
  return JSON.stringify([refs, timesMs, lo, hi].map((column) => [...column.subarray(0, count)]));
}

/** Records of the only segment, and whether something was wrong. */
function walk(dir: string): { shown: string[]; isDamaged: boolean } {
  const shown: string[] = [];
  let isDamaged = false;
  for (const entry of walkWal(join(dir, 'wal'))) {
    if (entry.kind === 'finding') isDamaged = true;
    else if (entry.kind === 'series') shown.push(JSON.stringify(entry.series));
    else if (entry.kind === 'samples') shown.push(shownSamples(entry.samples));
    else shown.push('other');
  }
  return { shown, isDamaged };
}

test(
  'a WAL shows no record that was not written, and what a walk stumbles over is an error',
  () => {
    const rng = seededRng(seed);
    const pick: Pick = (below) => rng.u32() % below;
    withDir((dir) => {
      for (let round = 0; round < walRounds; round++) {
        const framer = new PageFramer();
        const refs: number[] = [];
        const records = Array.from({ length: 1 + pick(12) }, () => randomRecord(pick, refs));
        for (const { bytes } of records) framer.append(bytes);
        if (pick(2) === 0) framer.finishSegment();
        const good = framer.pending.slice();
        const written = records.map(({ shown }) => shown);
        const say = `SEED=${String(seed)} round ${String(round)}`;
        writeWal(dir, good);
        expect([say, check(dir).findings]).toEqual([say, []]);
        expect([say, walk(dir).shown]).toEqual([say, written]);
        for (let damage = 0; damage < 3; damage++) {
          writeWal(dir, damaged(good, pick));
          const { errors } = check(dir).summary;
          const { shown, isDamaged } = walk(dir);
          const what = `${say} damage ${String(damage)}`;
          if (isDamaged) expect([what, errors]).not.toEqual([what, 0]);
          // Whole records may have come twice, or gone: their checksums are right.
          const foreign = shown.filter((record) => record !== 'other' && !written.includes(record));
          // One byte in front of zeros reads as a record without content.
          if (shown.includes('other')) expect([what, errors]).not.toEqual([what, 0]);
          expect([what, foreign]).toEqual([what, []]);
        }
      }
    });
  },
  timeoutMs,
);
