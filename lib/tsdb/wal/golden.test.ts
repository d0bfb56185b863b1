import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { toHex } from '../../bytes/index.ts';
import { MemorySource } from '../byte-source.ts';
import { SampleBatch } from '../sample-batch.ts';
import {
  PageFramer,
  SamplesEncoder,
  WalSegmentReader,
  decodeSamplesRecord,
  decodeSeriesRecord,
  encodeSeriesRecord,
  walRecordKind,
} from './index.ts';

const vectors = `${import.meta.dirname}/../../../test/vectors/tsdb-wal`;
const bytes = new Uint8Array(readFileSync(`${vectors}/00000000`));

function records(): Uint8Array[] {
  const reader = new WalSegmentReader(new MemorySource(bytes), 0);
  const found: Uint8Array[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
  return found;
}

describe('a WAL of Prometheus', () => {
  test('holds the series and samples that promtool prints', () => {
    const names = new Map<number, string>();
    const lines: string[] = [];
    let staleCount = 0;
    for (const record of records()) {
      if (walRecordKind(record) === 'series') {
        for (const { ref, labels } of decodeSeriesRecord(record)) names.set(ref, textOf(labels));
        continue;
      }
      expect(walRecordKind(record)).toBe('samples');
      const batch = new SampleBatch(1);
      decodeSamplesRecord(record, batch);
      for (let at = 0; at < batch.count; at++) {
        if (batch.hi[at] === 0x7ff00000 && batch.lo[at] === 2) staleCount++;
        lines.push(`${names.get(batch.refs[at]!)!} ${String(batch.timesMs[at])}`);
      }
    }
    const dump = readFileSync(`${vectors}/dump.txt`, 'utf8').trim().split('\n');
    // The value stands between the labels and the time; its bits are compared below.
    const wanted = dump.map((line) => line.replace(/\} \S+ (\d+)$/, '} $1'));
    expect(lines.sort()).toEqual(wanted.sort());
    expect(staleCount).toBe(1);
  });

  test('is written by us byte for byte', () => {
    const framer = new PageFramer();
    const encoder = new SamplesEncoder();
    for (const record of records()) {
      if (walRecordKind(record) === 'series') {
        framer.append(encodeSeriesRecord(decodeSeriesRecord(record)));
        continue;
      }
      const batch = new SampleBatch(1);
      decodeSamplesRecord(record, batch);
      framer.append(encoder.encode(batch));
    }
    expect(toHex(framer.pending)).toBe(toHex(bytes));
  });
});

/** Labels as promtool prints them. */
function textOf(labels: readonly string[]): string {
  const pairs: string[] = [];
  for (let at = 0; at < labels.length; at += 2) {
    pairs.push(`${labels[at]!}="${labels[at + 1]!.replace(/[\\"]/g, '\\$&')}"`);
  }
  return `{${pairs.join(', ')}}`;
}
