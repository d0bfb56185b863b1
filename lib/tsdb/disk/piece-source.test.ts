import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { seededRng, systemClock } from '../../runtime/index.ts';
import { PieceSource } from './piece-source.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const rng = seededRng(seed);

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pieces-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function written(size: number, pieceBytes: number): Uint8Array {
  const bytes = Uint8Array.from({ length: size }, () => rng.u32());
  for (let at = 0; at < size; at += pieceBytes) {
    const name = String(at / pieceBytes).padStart(6, '0');
    writeFileSync(join(dir, name), bytes.subarray(at, at + pieceBytes));
  }
  return bytes;
}

test(`gives what a file would give, in any order, seed ${String(seed)}`, () => {
  const bytes = written(1000, 64);
  const source = new PieceSource(dir);
  expect(source.size).toBe(1000);
  for (let round = 0; round < 500; round++) {
    const offset = rng.u32() % 1001;
    const length = rng.u32() % (1001 - offset);
    expect(source.read(offset, length)).toEqual(bytes.subarray(offset, offset + length));
  }
  expect(() => source.read(999, 2)).toThrow(expect.objectContaining({ code: 'TSDB_TRUNCATED' }));
  expect(readdirSync(dir)).toHaveLength(16);
});

test('leaves nothing on the disk of what was read or skipped, once it is consumed', () => {
  const bytes = written(1000, 64);
  const source = new PieceSource(dir);
  source.read(900, 50);
  source.consume();
  const given: [number, Uint8Array][] = [];
  for (const offset of [0, 10, 60, 64, 300, 310, 330, 600, 990]) {
    given.push([offset, source.read(offset, 10)]);
    expect(readdirSync(dir)).toHaveLength(15 - Math.floor((offset + 9) / 64));
    // A view stays what it is while others are read.
    for (const [at, view] of given) expect(view).toEqual(bytes.subarray(at, at + 10));
  }
  expect(readdirSync(dir)).toEqual([]);
  expect(() => source.read(0, 1)).toThrow(expect.objectContaining({ code: 'TSDB_IO' }));
});

test('overwrites only pieces that nobody uses any more', () => {
  const bytes = written(1000, 64);
  const source = new PieceSource(dir);
  const rooms = new Set<ArrayBufferLike>();
  for (let round = 0; round < 300; round++) {
    const views = Array.from({ length: rng.u32() % 20 }, (): [number, Uint8Array] => {
      const offset = rng.u32() % 990;
      return [offset, source.read(offset, 10)];
    });
    for (const [at, view] of views) expect(view).toEqual(bytes.subarray(at, at + 10));
    source.release();
  }
  for (let offset = 0; offset < 1000; offset += 8) {
    const view = source.read(offset, 8);
    expect(view).toEqual(bytes.subarray(offset, offset + 8));
    rooms.add(view.buffer);
    source.release();
  }
  expect(rooms.size).toBeLessThan(6);
});

test('reads what lies across many pieces, and a file of none', () => {
  const bytes = written(1000, 7);
  const source = new PieceSource(dir);
  source.consume();
  expect(source.read(3, 900)).toEqual(bytes.subarray(3, 903));
  source.close();
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  expect(new PieceSource(dir).read(0, 0)).toEqual(new Uint8Array(0));
});

test('refuses pieces of which one in the middle is cut off', () => {
  written(1000, 64);
  writeFileSync(join(dir, '000003'), new Uint8Array(5));
  expect(() => new PieceSource(dir)).toThrow(expect.objectContaining({ code: 'TSDB_TRUNCATED' }));
});
