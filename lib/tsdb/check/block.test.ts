import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { ByteWriter, crc32c } from '../../bytes/index.ts';
import { parseBlockMeta, printBlockMeta, printTombstones, type BlockMeta } from '../block/index.ts';
import { encodeChunk, frameChunk, segmentHeader } from '../chunk/index.ts';
import { openBlock } from '../disk/index.ts';
import { check, errorCodes, smallBlock, withDir } from './check-fixture.ts';
import { plainIndex, printIndex, type PlainIndex } from './index-fixture.ts';

const vectors = `${import.meta.dirname}/../../../test/vectors/tsdb`;
const ulid = '01HE949VD3YTRWF8GXT2TC97KJ';

const chunkData = encodeChunk(
  Float64Array.of(1000, 2000),
  Uint32Array.of(1, 2),
  Uint32Array.of(3, 4),
  0,
  2,
);

/** What a block is made of; all of it may be changed before it is written. */
interface PlainBlock {
  index: PlainIndex;
  chunks: Uint8Array;
  meta: BlockMeta;
  pad: number;
}

function plainBlock(): PlainBlock {
  const writer = new ByteWriter().bytes(segmentHeader());
  const refs = [0, 1, 2].map(() => {
    const ref = writer.length;
    frameChunk(writer, 1, chunkData);
    return ref;
  });
  const meta = {
    ...{ ulid, minTime: 1000, maxTime: 2001 },
    stats: { numSamples: 6, numSeries: 3, numChunks: 3 },
    compaction: { level: 1, sources: [ulid] },
  };
  return { index: plainIndex(refs), chunks: writer.finish().slice(), meta, pad: 0 };
}

function writePlain(parent: string, block: PlainBlock): string {
  const dir = join(parent, ulid);
  mkdirSync(join(dir, 'chunks'), { recursive: true });
  writeFileSync(join(dir, 'chunks', '000001'), block.chunks);
  writeFileSync(join(dir, 'index'), printIndex(block.index, block.pad));
  writeFileSync(join(dir, 'meta.json'), printBlockMeta(block.meta));
  return dir;
}

/** Findings of a block that `change` has made wrong, as `severity code message`. */
function found(change: (block: PlainBlock) => void): string[] {
  return withDir((parent) => {
    const block = plainBlock();
    change(block);
    const { findings } = check(writePlain(parent, block));
    return findings.map(({ severity, code, message }) => `${severity} ${code} ${message}`);
  });
}

/** The change must give a finding that begins so. */
function f(change: (block: PlainBlock) => void, want: string): void {
  const findings = found(change);
  expect(findings).toContainEqual(expect.stringContaining(want));
}

describe('check of a block', () => {
  test('finds nothing in a right one', () => {
    expect(found(() => undefined)).toEqual([]);
  });

  test('finds nothing in blocks of Prometheus', () => {
    const { findings, summary } = check(vectors);
    expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    expect(summary).toMatchObject({ blocks: 2, series: 6, chunks: 6, samples: 132 });
  });

  test('looks at symbols', () => {
    f(({ index }) => index.symbols.reverse(), 'error CHECK_ORDER symbol 1, "x"');
    f(({ index }) => index.symbols.splice(1, 1, '__name__'), 'error CHECK_ORDER symbol 1');
    f(({ index }) => index.symbols.push('z'), 'note CHECK_UNUSED 1 symbols');
  });

  test('looks at series', () => {
    f(({ index }) => index.series.reverse(), 'error CHECK_ORDER series are not sorted');
    f(({ index }) => (index.series[1] = index.series[0]!), 'error CHECK_ORDER series are not');
    f(({ index }) => (index.series[1]!.labels = [3, 4, 0, 1]), 'error CHECK_ORDER labels of a');
    f(({ index }) => (index.series[1]!.labels = [0, 1, 0, 1]), 'error CHECK_ORDER labels of a');
    f(({ index }) => (index.series[0]!.labels = []), 'error CHECK_ORDER a series has no labels');
    f(({ index }) => (index.series[2]!.labels = [0, 9]), 'error TSDB_CORRUPT symbol out of range');
    f(({ index }) => (index.series[2]!.chunks = []), 'warning CHECK_UNUSED a series has no chunks');
    f((block) => (block.pad = 7), 'error CHECK_PADDING padding is not zero');
  });

  test('looks at postings', () => {
    f(
      ({ index }) => index.lists[1]!.pop(),
      'error CHECK_POSTINGS postings of "__name__"="a" differ',
    );
    f(({ index }) => index.lists[2]!.unshift(0), 'error CHECK_POSTINGS postings of "__name__"="b"');
    f(({ index }) => index.lists[0]!.pop(), 'error CHECK_POSTINGS postings of all series differ');
    f(({ index }) => (index.lists[2] = [1]), 'error CHECK_POSTINGS postings of "__name__"="b"');
    f(({ index }) => index.lists[3]!.reverse(), 'error CHECK_ORDER postings do not ascend');
    f(({ index }) => index.table.pop(), 'error CHECK_POSTINGS there are no postings of "x"="y"');
    f(({ index }) => index.table.pop(), 'error CHECK_TRAILING a postings list that the table');
    f(({ index }) => index.table.shift(), 'error CHECK_ORDER the postings table does not begin');
    f(({ index }) => index.table.shift(), 'error CHECK_POSTINGS there are no postings of all');
    f(({ index }) => index.table.reverse(), 'error CHECK_ORDER postings table: ');
    f(({ index }) => (index.table[3]!.list = 99), 'error CHECK_REFERENCE postings of "x"="y"');
    f(({ index }) => (index.table[3]!.list = 2), 'error CHECK_REFERENCE postings of "x"="y" are');
    f(({ index }) => (index.table[3]!.value = 'z'), 'error CHECK_POSTINGS postings of "x"="z"');
  });

  test('looks at chunks', () => {
    const chunkOf = ({ index }: PlainBlock, at: number) => index.series[at]!.chunks[0]!;
    const end = plainBlock().chunks.length;
    f((b) => (chunkOf(b, 0).ref += 1), 'error CHECK_TRAILING 1 bytes that no series refers to');
    f((b) => (chunkOf(b, 2).ref = end), 'error TSDB_CORRUPT chunk reference outside the segment');
    f((b) => (chunkOf(b, 2).ref = 2 ** 32 + 8), 'error CHECK_REFERENCE a chunk in segment 2');
    f((b) => (chunkOf(b, 1).ref = 8), 'error CHECK_REFERENCE a chunk reference to what was read');
    f((b) => (chunkOf(b, 2).ref = 8), 'error CHECK_ORDER chunk references go backwards');
    f((b) => b.index.series.pop(), 'bytes that no series refers to');
    f((b) => (b.chunks = Uint8Array.of(...b.chunks, 0)), 'error CHECK_TRAILING 1 bytes');
    f((b) => (b.chunks[6] = 1), 'error CHECK_PADDING padding is not zero');
    f((b) => (chunkOf(b, 0).mint = 1001), 'error CHECK_RANGE samples of [1000, 2000] in a chunk');
    f((b) => (chunkOf(b, 0).maxt = 1999), 'error CHECK_RANGE samples of [1000, 2000] in a chunk');
    f((b) => (chunkOf(b, 0).mint = 999), 'error CHECK_RANGE a chunk of [999, 2000] lies outside');
    f((b) => (chunkOf(b, 0).maxt = 2001), 'error CHECK_RANGE a chunk of [1000, 2001] lies outside');
    f((b) => (chunkOf(b, 0).maxt = 2001), 'warning CHECK_LOOSE_RANGE samples of [1000, 2000]');
    const two = [
      { mint: 1000, maxt: 2000, ref: 8 },
      { mint: 2000, maxt: 2000, ref: 9 },
    ];
    f((b) => (b.index.series[0]!.chunks = two), 'error CHECK_ORDER chunks of a series overlap');
  });

  test('goes on behind a damaged entry of a series', () => {
    withDir((parent) => {
      const block = plainBlock();
      const dir = writePlain(parent, block);
      const bytes = readFileSync(join(dir, 'index'));
      const { index, close } = open(dir);
      bytes[index[1]! * 16 + 2]! ^= 1;
      close();
      writeFileSync(join(dir, 'index'), bytes);
      const { findings, summary } = check(dir);
      expect(findings.map(({ code }) => code)).toEqual(['TSDB_BAD_CHECKSUM', 'CHECK_SKIPPED']);
      expect(summary).toMatchObject({ series: 2, chunks: 2 });
    });
  });

  test('is not kept busy by a file of zeros', () => {
    withDir((parent) => {
      const dir = writePlain(parent, plainBlock());
      const file = join(dir, 'index');
      const bytes = readFileSync(file);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const contents = bytes.length - 52;
      const gapBytes = 2 ** 33;
      // A table of contents that is right in itself and has eight gigabytes in its last section,
      // then in the one before, and so on.
      for (const fields of [[], [5], [5, 4, 3], [5, 4, 3, 2]]) {
        const toc = Buffer.from(bytes.subarray(contents));
        for (const at of fields) {
          const offset = view.getBigUint64(contents + 8 * at) + BigInt(gapBytes);
          toc.writeBigUInt64BE(offset, 8 * at);
        }
        toc.writeUInt32BE(crc32c(toc, 0, 48), 48);
        writeFileSync(file, bytes.subarray(0, contents));
        truncateSync(file, contents + gapBytes);
        appendFileSync(file, toc);
        expect(errorCodes(dir).length).toBeGreaterThan(0);
      }
    });
  });

  test('looks at chunks alone when the index is lost', () => {
    withDir((parent) => {
      const dir = writePlain(parent, plainBlock());
      writeFileSync(join(dir, 'index'), 'x');
      expect(errorCodes(dir)).toEqual(['TSDB_TRUNCATED']);
      const chunks = readFileSync(join(dir, 'chunks', '000001'));
      chunks[12]! ^= 1;
      writeFileSync(join(dir, 'chunks', '000001'), chunks);
      expect(errorCodes(dir)).toEqual(['TSDB_BAD_CHECKSUM', 'TSDB_TRUNCATED']);
    });
  });

  test('compares meta.json with what is there', () => {
    const change = (change: Partial<BlockMeta>) => (block: PlainBlock) => {
      block.meta = { ...block.meta, ...change };
    };
    const stats = plainBlock().meta.stats;
    f(change({ stats: { ...stats, numSamples: 5 } }), 'error CHECK_STATS stats.numSamples is 5');
    f(change({ stats: { ...stats, numSeries: 0 } }), 'error CHECK_STATS stats.numSeries is 0');
    f(change({ stats: { ...stats, numChunks: 4 } }), 'error CHECK_STATS stats.numChunks is 4');
    f(change({ minTime: 1001 }), 'error CHECK_RANGE a chunk of [1000, 2000] lies outside');
    f(change({ maxTime: 2000 }), 'error CHECK_RANGE a chunk of [1000, 2000] lies outside');
    f(change({ maxTime: 9e12 }), 'warning CHECK_LOOSE_RANGE the range is');
    const other = '01HE949VD3YTRWF8GXT2TC97KZ';
    f(change({ ulid: other }), `error CHECK_META names block ${other}`);
    f(change({ compaction: { level: 0, sources: [ulid] } }), 'error CHECK_META has no compaction');
    f(change({ compaction: { level: 2, sources: [ulid] } }), 'error CHECK_META level 2');
    f(change({ compaction: { level: 1, sources: [] } }), 'error CHECK_META names no sources');
    expect(found(change({ compaction: { level: 1, sources: [other] } }))).toEqual([]);
  });

  test('looks at tombstones', () => {
    withDir((parent) => {
      const dir = writePlain(parent, plainBlock());
      const { index, close } = open(dir);
      close();
      const deleted = [{ mint: 1000, maxt: 1500 }];
      writeFileSync(join(dir, 'tombstones'), printTombstones(new Map([[index[0]!, deleted]])));
      expect(check(dir).findings).toEqual([]);
      writeFileSync(join(dir, 'tombstones'), printTombstones(new Map([[999, deleted]])));
      expect(errorCodes(dir)).toEqual(['CHECK_REFERENCE']);
    });
  });

  test('looks at names, and never opens what is no file', () => {
    withDir((parent) => {
      const dir = smallBlock(parent);
      const codesAt = () =>
        check(dir).findings.map(({ path, severity, code }) => `${path} ${severity} ${code}`);
      writeFileSync(join(dir, 'meta.json.tmp'), '');
      writeFileSync(join(dir, 'what'), '');
      writeFileSync(join(dir, 'chunks', 'x'), '');
      expect(codesAt().sort()).toEqual([
        'chunks/x note CHECK_UNKNOWN_FILE',
        'meta.json.tmp warning CHECK_LEFTOVER',
        'what note CHECK_UNKNOWN_FILE',
      ]);
      rmSync(join(dir, 'tombstones'));
      symlinkSync('/dev/zero', join(dir, 'tombstones'));
      expect(codesAt()).toContain('tombstones error CHECK_NOT_A_FILE');
      rmSync(join(dir, 'index'));
      execFileSync('mkfifo', [join(dir, 'index')]);
      expect(codesAt()).toContain('index error CHECK_NOT_A_FILE');
      renameSync(join(dir, 'chunks', '000001'), join(dir, 'chunks', '999999999999'));
      expect(codesAt()).toContain('chunks/999999999999 error CHECK_UNKNOWN_FILE');
      expect(codesAt()).toContain('chunks/000001 error CHECK_MISSING');
      rmSync(join(dir, 'chunks'), { recursive: true });
      expect(codesAt()).toContain('chunks error CHECK_IO');
    });
  });

  test('keeps to itself what other blocks may be', () => {
    withDir((parent) => {
      const first = smallBlock(parent, 1);
      const second = smallBlock(parent, 2);
      const meta = parseBlockMeta(readFileSync(join(second, 'meta.json')));
      const parents = [{ ulid: first.slice(-26), minTime: 0, maxTime: 1 }];
      const changed = { ...meta, compaction: { ...meta.compaction, parents } };
      writeFileSync(join(second, 'meta.json'), printBlockMeta(changed));
      mkdirSync(join(parent, `${ulid}.tmp-for-creation`));
      mkdirSync(join(parent, 'wal.corrupt-17'));
      mkdirSync(join(parent, 'chunks_head'));
      writeFileSync(join(parent, 'lock'), '');
      writeFileSync(join(parent, 'wal.repaired.json'), '');
      writeFileSync(join(parent, '01HE949VD3YTRWF8GXT2TC97KZ'), '');
      const findings = check(parent).findings.map(({ code, severity }) => `${severity} ${code}`);
      expect(findings.sort()).toEqual([
        'error CHECK_NOT_A_FILE',
        'note CHECK_LEFTOVER',
        'note CHECK_LOCKED',
        'note CHECK_OVERLAP',
        'note CHECK_UNKNOWN_FILE',
        'warning CHECK_LEFTOVER',
        'warning CHECK_LEFTOVER',
        'warning CHECK_PARENTS',
      ]);
    });
    withDir((dir) => expect(errorCodes(dir)).toEqual(['CHECK_MISSING']));
  });
});

/** Refs of all series of a block. */
function open(dir: string): { index: Uint32Array; close: () => void } {
  const reader = openBlock(dir);
  return { index: reader.index.allPostings(), close: () => reader.close() };
}
