import { expect, test } from '@jest/globals';
import { toHex } from '../../bytes/index.ts';
import { seededRng, systemClock } from '../../runtime/index.ts';
import { SeriesTable } from '../head/index.ts';
import { labelsFrom } from '../labels.ts';
import { decodeSeriesRecord, encodeSeriesRecord, type WalSeries } from '../wal/index.ts';
import { SeriesEncoder } from './series-encoder.ts';

test('encodes what the plain encoder encodes', () => {
  const texts = [
    'a',
    'z'.repeat(127),
    'z'.repeat(128),
    'é',
    '\u{1f600}',
    'x'.repeat(70_000),
    'ü'.repeat(90),
  ];
  const table = new SeriesTable();
  const series = Array.from({ length: 400 }, (_, at) => {
    const labels = labelsFrom([
      ['__name__', `m${String(at)}`],
      ['v', texts[at % texts.length]!],
      ...(at % 2 === 0 ? [['w', `w${String(at % 5)}`] as const] : []),
    ]);
    return { labels, ref: table.refs[table.add(labels)]! };
  });
  // The columns move while they grow: references are read again.
  for (const one of series) one.ref = table.refs[table.find(one.labels)]!;
  const encoder = new SeriesEncoder();
  for (const part of [series.slice(0, 3), series]) {
    const record = encoder.encode(
      table,
      Int32Array.from(part, ({ ref }) => ref),
    )!;
    expect(toHex(record)).toBe(toHex(encodeSeriesRecord(part)));
    expect(decodeSeriesRecord(record)).toEqual(part.map(({ ref, labels }) => ({ ref, labels })));
  }
});

test('leaves out series that are gone', () => {
  const table = new SeriesTable();
  const slot = table.add(['a', 'b']);
  const ref = table.refs[slot]!;
  table.remove(slot);
  expect(new SeriesEncoder().encode(table, Int32Array.of(ref))).toBeUndefined();
});

test('copies what a series shares with the one before, however their lengths differ', () => {
  const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
  const { u32 } = seededRng(seed);
  const table = new SeriesTable();
  const encoder = new SeriesEncoder();
  for (let round = 0; round < 20; round++) {
    const known = new Map<string, WalSeries>();
    for (let at = 0; at < 60; at++) {
      const labels = labelsFrom(
        Array.from({ length: 1 + (u32() % (round === 7 ? 40 : 6)) }, (_, label) => [
          `l${String(label).padStart(2, '0')}`,
          'v'.repeat(u32() % 3 === 0 ? u32() % 300 : u32() % 3),
        ]),
      );
      if (labels.length === 0) continue;
      const slot = table.find(labels) || table.add(labels);
      known.set(labels.join(), { labels, ref: table.refs[slot]! });
    }
    const series = [...known.values()];
    const refs = Int32Array.from(series, ({ ref }) => ref);
    const record = encoder.encode(table, refs)!;
    expect([seed, toHex(record)]).toEqual([seed, toHex(encodeSeriesRecord(series))]);
  }
});

test('writes the text that a number stands for now', () => {
  const table = new SeriesTable();
  const encoder = new SeriesEncoder();
  for (let round = 0; round < 5; round++) {
    const labels = ['__name__', `m${String(round)}`];
    const slot = table.add(labels);
    const ref = table.refs[slot]!;
    for (let again = 0; again < 2; again++) {
      const record = encoder.encode(table, Int32Array.of(ref))!;
      expect(decodeSeriesRecord(record)).toEqual([{ ref, labels }]);
    }
    // The next round gets the numbers of these texts.
    table.remove(slot);
  }
  const other = new SeriesTable();
  const labels = ['another', 'text'];
  const ref = other.refs[other.add(labels)]!;
  expect(decodeSeriesRecord(encoder.encode(other, Int32Array.of(ref))!)).toEqual([{ ref, labels }]);
});
