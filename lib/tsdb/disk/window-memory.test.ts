import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { collectGarbage } from '../../runtime/garbage-fixture.ts';
import type { ByteSource } from '../byte-source.ts';
import { FileSource } from './file-source.ts';
import { PieceSource } from './piece-source.ts';

const windowBytes = 64;
const windows = 20;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windows-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Windows in memory after a source was read from its begin to its end. */
async function windowsOf(source: ByteSource): Promise<number> {
  const seen: WeakRef<ArrayBufferLike>[] = [];
  for (let at = 0; at < windows; at++) {
    seen.push(new WeakRef(source.read(at * windowBytes, 1).buffer));
  }
  // What a weak reference was made of stays until then.
  await setImmediate();
  collectGarbage();
  const kept = seen.filter((window) => window.deref() !== undefined).length;
  source.close?.();
  return kept;
}

test('a reader that never says what it has done with leaves no windows in memory', async () => {
  writeFileSync(join(dir, 'file'), new Uint8Array(windows * windowBytes));
  const pieces = join(dir, 'pieces');
  mkdirSync(pieces);
  for (let at = 0; at < windows; at++) {
    writeFileSync(join(pieces, String(at).padStart(6, '0')), new Uint8Array(windowBytes));
  }
  expect(await windowsOf(new FileSource(join(dir, 'file'), windowBytes))).toBeLessThan(4);
  expect(await windowsOf(new PieceSource(pieces))).toBeLessThan(5);
});

test('overwrites only windows that nobody uses any more', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);
  writeFileSync(join(dir, 'windows'), bytes);
  const source = new FileSource(join(dir, 'windows'), 64);
  const rooms = new Set<ArrayBufferLike>();
  for (let round = 0; round < 5; round++) {
    // All pieces of a round are in use together, whichever windows they are in.
    const pieces = [...Array(200).keys()].map((at) => {
      const offset = (at * 37 + round) % 950;
      return { offset, piece: source.read(offset, at % 50) };
    });
    for (const { offset, piece } of pieces) {
      expect([...piece]).toEqual([...bytes.subarray(offset, offset + piece.length)]);
    }
    source.release();
  }
  for (let offset = 0; offset < 990; offset += 10) {
    const piece = source.read(offset, 10);
    rooms.add(piece.buffer);
    expect([...piece]).toEqual([...bytes.subarray(offset, offset + 10)]);
    source.release();
  }
  expect(rooms.size).toBeLessThan(4);
  source.close();
});

test('goes on with what it has when a window cannot be read, and after it was closed', () => {
  const path = join(dir, 'cut');
  const bytes = Uint8Array.from({ length: 1000 }, (_, at) => at % 251);
  writeFileSync(path, bytes);
  const source = new FileSource(path, 64);
  source.read(0, 10);
  source.read(100, 10);
  source.release();
  const kept = source.read(110, 10);
  truncateSync(path, 520);
  // The window that may be overwritten is, in part; nobody gets to see it.
  expect(() => source.read(500, 40)).toThrow(expect.objectContaining({ code: 'TSDB_TRUNCATED' }));
  expect([...kept]).toEqual([...bytes.subarray(110, 120)]);
  expect([...source.read(105, 20)]).toEqual([...bytes.subarray(105, 125)]);
  expect([...source.read(0, 20)]).toEqual([...bytes.subarray(0, 20)]);
  expect([...kept]).toEqual([...bytes.subarray(110, 120)]);
  source.close();
  source.close();
  expect([...kept]).toEqual([...bytes.subarray(110, 120)]);
  expect(() => source.read(0, 20)).toThrow(expect.objectContaining({ code: 'TSDB_IO' }));
});
