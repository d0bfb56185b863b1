import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { SampleBatch } from '../sample-batch.ts';
import { PageFramer, SamplesEncoder, encodeSeriesRecord } from '../wal/index.ts';
import { check, fixtureStartMs, smallWal, withDir, writeWal } from './check-fixture.ts';
import { walkWal } from './index.ts';

const golden = `${import.meta.dirname}/../../../test/vectors/tsdb-wal/00000000`;

function segmentOf(...records: Uint8Array[]): Uint8Array {
  const framer = new PageFramer();
  for (const record of records) framer.append(record);
  framer.finishSegment();
  return framer.pending.slice();
}

const series = (...refs: number[]) =>
  encodeSeriesRecord(refs.map((ref) => ({ ref, labels: ['__name__', `s${String(ref)}`] })));

function samples(...refs: number[]): Uint8Array {
  const batch = new SampleBatch();
  for (const ref of refs) batch.push(ref, 1, 2, fixtureStartMs);
  return new SamplesEncoder().encode(batch).slice();
}

/** Findings of a directory, as `severity code path@offset`. */
function found(dir: string): string[] {
  return check(dir).findings.map(
    ({ severity, code, path, offset }) => `${severity} ${code} ${path}@${String(offset ?? '')}`,
  );
}

test('finds nothing in a WAL of Prometheus', () => {
  withDir((dir) => {
    mkdirSync(join(dir, 'wal'));
    cpSync(golden, join(dir, 'wal', '00000000'));
    const { findings, summary } = check(dir);
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ walSegments: 1, walRecords: 8, walSamples: 49 });
  });
});

test('finds samples of unknown series, once per record', () => {
  withDir((dir) => {
    writeWal(dir, segmentOf(series(1), samples(1, 2, 2), samples(1), samples(3)));
    expect(found(dir)).toEqual([
      'error CHECK_UNKNOWN_SERIES wal/00000000@29',
      'error CHECK_UNKNOWN_SERIES wal/00000000@117',
    ]);
  });
});

test('knows series of the checkpoint and of the segments before', () => {
  withDir((dir) => {
    const checkpoint = join(dir, 'wal', 'checkpoint.00000004');
    mkdirSync(checkpoint, { recursive: true });
    writeFileSync(join(checkpoint, '00000000'), segmentOf(series(1)));
    writeWal(dir, segmentOf(series(2), samples(1)), '00000005');
    writeWal(dir, segmentOf(samples(1, 2)), '00000006');
    expect(found(dir)).toEqual([]);
    writeWal(dir, segmentOf(samples(77)), '00000004');
    mkdirSync(join(dir, 'wal', 'checkpoint.00000003'));
    mkdirSync(join(dir, 'wal', 'checkpoint.00000005.tmp'));
    writeFileSync(join(dir, 'wal', 'notes.txt'), '');
    expect(found(dir)).toEqual([
      'warning CHECK_LEFTOVER wal/checkpoint.00000005.tmp@',
      'note CHECK_UNKNOWN_FILE wal/notes.txt@',
      'note CHECK_LEFTOVER wal/checkpoint.00000003@',
      'note CHECK_LEFTOVER wal/00000004@',
    ]);
  });
});

test('finds segments that are missing', () => {
  withDir((dir) => {
    const segment = segmentOf(series(1));
    writeWal(dir, segment, '00000002');
    expect(found(dir)).toEqual(['warning CHECK_MISSING wal@']);
    writeWal(dir, segment, '00000004');
    expect(found(dir)[1]).toBe('error CHECK_MISSING wal/00000003@');
    const checkpoint = join(dir, 'wal', 'checkpoint.00000000');
    mkdirSync(checkpoint);
    expect(found(dir).slice(0, 2)).toEqual([
      'error CHECK_MISSING wal/checkpoint.00000000@',
      'error CHECK_MISSING wal/00000001@',
    ]);
    writeFileSync(join(checkpoint, '00000001'), segment);
    expect(found(dir)[0]).toBe('error CHECK_MISSING wal/checkpoint.00000000@');
  });
});

test('finds that nothing follows a checkpoint', () => {
  withDir((dir) => {
    const checkpoint = join(dir, 'wal', 'checkpoint.00000004');
    mkdirSync(checkpoint, { recursive: true });
    writeFileSync(join(checkpoint, '00000000'), segmentOf(series(1)));
    expect(found(dir)).toEqual(['error CHECK_MISSING wal/00000005@']);
  });
});

test('finds labels that no index takes, and references with two meanings', () => {
  withDir((dir) => {
    const of = (ref: number, ...labels: string[]) => encodeSeriesRecord([{ ref, labels }]);
    writeWal(dir, segmentOf(of(1, 'b', '1', 'a', '2'), of(2), of(3, 'a', ''), of(4, 'a', 'b')));
    expect(found(dir).map((line) => line.split(' ')[1])).toEqual(Array(3).fill('CHECK_ORDER'));
    writeWal(dir, segmentOf(of(4, 'a', 'b'), of(4, 'a', 'b'), of(4, 'a', 'c')));
    expect(found(dir)).toEqual([expect.stringContaining('error CHECK_REFERENCE')]);
  });
});

test('tells records of unknown types and that do not decode', () => {
  withDir((dir) => {
    writeWal(dir, segmentOf(Uint8Array.of(6, 1), Uint8Array.of(14), new Uint8Array(0)));
    expect(found(dir)).toEqual([
      'error CHECK_RECORD_TYPE wal/00000000@9',
      'error CHECK_RECORD_TYPE wal/00000000@17',
    ]);
    writeWal(dir, segmentOf(Uint8Array.of(1, 9), Uint8Array.of(2, 9)));
    expect(found(dir)).toEqual([
      'error TSDB_WAL_CORRUPT wal/00000000@0',
      'error TSDB_WAL_CORRUPT wal/00000000@9',
    ]);
  });
});

test('goes on at the next page behind damage', () => {
  const { bytes, recordEnds } = smallWal(true);
  withDir((dir) => {
    // The first record lies in three pages; the four behind it are whole.
    bytes[40_000]! ^= 1;
    writeWal(dir, bytes);
    const { findings, summary } = check(dir);
    expect(findings.map(({ code, offset }) => [code, offset])).toEqual([['TSDB_WAL_CORRUPT', 0]]);
    expect(summary.walRecords).toBe(4);
    bytes[recordEnds[0]! + 20]! ^= 1;
    writeWal(dir, bytes);
    expect(check(dir).summary).toMatchObject({ errors: 2, walRecords: 0 });
  });
});

test('ends at a compressed record', () => {
  withDir((dir) => {
    const bytes = segmentOf(series(1), samples(1));
    bytes[0]! |= 0x08;
    writeWal(dir, bytes);
    expect(found(dir)).toEqual(['error TSDB_WAL_COMPRESSED wal/00000000@0']);
  });
});

test('does not read a segment that is none', () => {
  withDir((dir) => {
    writeWal(dir, segmentOf(series(1)));
    truncateSync(join(dir, 'wal', '00000000'), 2 ** 40);
    writeWal(dir, segmentOf(samples(1)), '00000001');
    expect(found(dir)).toEqual(['error TSDB_LIMIT wal/00000000@']);
    expect([...walkWal(join(dir, 'wal'))].length).toBe(2);
  });
});

test('shows records in the order of replay', () => {
  withDir((dir) => {
    const checkpoint = join(dir, 'wal', 'checkpoint.00000000');
    mkdirSync(checkpoint, { recursive: true });
    writeFileSync(join(checkpoint, '00000000'), segmentOf(series(1, 2)));
    const torn = segmentOf(samples(1), Uint8Array.of(6), samples(2)).subarray(0, 60);
    writeWal(dir, torn, '00000001');
    const shown = [...walkWal(join(dir, 'wal'))].map((entry) => {
      if (entry.kind === 'finding') return entry.finding.code;
      return `${entry.path}@${String(entry.offset)} ${entry.kind}`;
    });
    expect(shown).toEqual([
      'checkpoint.00000000/00000000@0 series',
      '00000001@0 samples',
      '00000001@34 other',
      'TSDB_WAL_TORN',
    ]);
    rmSync(join(dir, 'wal'), { recursive: true });
    expect([...walkWal(join(dir, 'wal'))]).toMatchObject([{ kind: 'finding' }]);
  });
});
