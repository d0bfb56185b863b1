import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { say, toldAs } from '../../../api/index.ts';
import { FakeClock } from '../../../lib/runtime/index.ts';
import { FakeLedgerFile } from '../collector-fixture.ts';
import { ledgerFile } from './gap-file.ts';
import { GapLedger } from './gap-ledger.ts';

const target = { job: 'prometheus', instance: 'mm1:8067' };
const other = { job: 'node', instance: 'mm1:9100' };
const refused = { code: 'SCRAPE_REFUSED', sentence: say('scrape.refused') };
const timeout = { code: 'SCRAPE_TIMEOUT', sentence: say('scrape.no-answer') };
const start = 1_700_000_000_000;
const interval = 15_000;

async function open(file = new FakeLedgerFile(), options = {}) {
  const clock = new FakeClock(start);
  return { file, clock, ledger: await GapLedger.open({ file, clock, ...options }) };
}

test('misses in a row with one reason are one gap, another reason begins another', async () => {
  const { ledger } = await open();
  ledger.succeeded(target, start, interval);
  ledger.missed(target, start + 1 * interval, interval, refused);
  ledger.missed(target, start + 2 * interval, interval, refused);
  ledger.missed(target, start + 3 * interval, interval, timeout);
  ledger.missed(other, start + 3 * interval, interval, refused);
  ledger.succeeded(target, start + 4 * interval, interval);
  const gap = { job: 'prometheus', instance: 'mm1:8067' };
  expect(ledger.between(start, start + 5 * interval)).toMatchObject([
    {
      ...gap,
      fromMs: start + interval,
      toMs: start + 3 * interval,
      reason: 'SCRAPE_REFUSED',
      missedScrapes: 2,
    },
    {
      ...gap,
      fromMs: start + 3 * interval,
      toMs: start + 4 * interval,
      reason: 'SCRAPE_TIMEOUT',
      missedScrapes: 1,
    },
    { job: 'node', fromMs: start + 3 * interval, toMs: null, reason: 'SCRAPE_REFUSED' },
  ]);
  expect(ledger.recent(target, 1)).toMatchObject([{ reason: 'SCRAPE_TIMEOUT' }]);
  await ledger.close();
});

test('a clock that was set back ends no gap before it began', async () => {
  const { ledger } = await open();
  ledger.missed(target, start, interval, refused);
  ledger.succeeded(target, start - 3_600_000, interval);
  expect(ledger.recent(target, 1)).toMatchObject([{ fromMs: start, toMs: start }]);
});

test('ranges are half open at both ends', async () => {
  const { ledger } = await open();
  ledger.skipped(target, start + 1000, start + 2000, 1, refused);
  expect(ledger.between(0, start + 1000)).toEqual([]);
  expect(ledger.between(0, start + 1001)).toHaveLength(1);
  expect(ledger.between(start + 1999, start + 3000)).toHaveLength(1);
  expect(ledger.between(start + 2000, start + 3000)).toEqual([]);
  await ledger.close();
});

test('survives a restart, and the time in between is a gap', async () => {
  const { ledger, file } = await open();
  ledger.missed(target, start, interval, refused);
  ledger.succeeded(other, start + 100, interval);
  await ledger.close();
  const again = await open(file);
  const nowMs = start + 100 + 4 * interval;
  again.ledger.succeeded(target, nowMs, interval);
  expect(again.ledger.between(0, Infinity)).toMatchObject([
    { reason: 'SCRAPE_REFUSED', fromMs: start, toMs: start + 100 },
    { reason: 'COLLECTOR_STOPPED', fromMs: start + 100, toMs: nowMs, missedScrapes: 3 },
  ]);
  again.ledger.succeeded(target, nowMs + interval, interval);
  expect(again.ledger.between(0, Infinity)).toHaveLength(2);
  await again.ledger.close();
});

test('counts a crash from the newest sample that is known, and a quick restart not at all', async () => {
  const { ledger, file } = await open();
  ledger.succeeded(target, start, interval);
  ledger.succeeded(other, start, interval);
  await ledger.close();
  const again = await open(file);
  again.ledger.noteEarlierData(start + 40_000);
  again.ledger.succeeded(target, start + 55_000, interval);
  expect(again.ledger.between(0, Infinity)).toEqual([]);
  again.ledger.succeeded(other, start + 100_000, interval);
  expect(again.ledger.between(0, Infinity)).toMatchObject([
    { job: 'node', fromMs: start + 40_000, toMs: start + 100_000, missedScrapes: 3 },
  ]);
  await again.ledger.close();
});

test('says that samples are lost when the store has less than was noted', async () => {
  const first = await open();
  for (let at = 0; at < 100; at++) {
    first.ledger.succeeded(target, start + at * interval, interval);
    first.ledger.missed(other, start + at * interval, interval, refused);
    await first.clock.advance(interval);
  }
  await first.ledger.close();
  const endMs = start + 99 * interval;
  const lostMs = endMs - 40 * interval;
  const second = await open(first.file);
  second.ledger.noteEarlierData(lostMs);
  expect(second.ledger.recent(target, 10)).toMatchObject([
    { reason: 'SAMPLES_LOST', fromMs: lostMs, toMs: endMs },
  ]);
  // Of this one nothing was there to be lost.
  expect(second.ledger.recent(other, 10).map(({ reason }) => reason)).toEqual(['SCRAPE_REFUSED']);
  second.ledger.succeeded(target, endMs + 20 * interval, interval);
  expect(second.ledger.recent(target, 1)).toMatchObject([
    { reason: 'COLLECTOR_STOPPED', fromMs: endMs, missedScrapes: 19 },
  ]);
  second.ledger.succeeded(target, endMs + 30 * interval, interval);
  await second.ledger.close();
  expect((await open(first.file)).ledger.recent(target, 10)).toHaveLength(2);
  // What a power cut takes is less, and told with the time behind it.
  const cut = await open(first.file);
  cut.ledger.noteEarlierData(endMs + 30 * interval - 5000);
  cut.ledger.succeeded(target, endMs + 40 * interval, interval);
  expect(cut.ledger.recent(target, 1)).toMatchObject([
    { reason: 'COLLECTOR_STOPPED', fromMs: endMs + 30 * interval - 5000 },
  ]);
  await cut.ledger.close();
  // Another node's data is not in the own store.
  const third = await open(first.file);
  third.ledger.takeOver([target], endMs + 50 * interval, {
    code: 'MOVED',
    sentence: say('gap.node-gone'),
  });
  third.ledger.noteEarlierData(lostMs);
  expect(third.ledger.recent(target, 10)).toHaveLength(3);
});

test('says of all targets that a full disk has cost samples', async () => {
  const { ledger, file } = await open();
  ledger.succeeded(target, start, interval);
  await ledger.close();
  const again = await open(file);
  again.ledger.succeeded(other, start + interval, interval);
  const hour = 3_600_000;
  again.ledger.lost([
    { mint: start - 10 * hour, maxt: start - 8 * hour },
    { mint: start - 8 * hour + interval, maxt: start - 6 * hour },
    { mint: start - 4 * hour, maxt: start - 2 * hour },
  ]);
  for (const one of [target, other]) {
    expect(again.ledger.recent(one, 10)).toMatchObject([
      { reason: 'SYNC_BLOCKS_LOST', fromMs: start - 4 * hour, toMs: start - 2 * hour },
      { reason: 'SYNC_BLOCKS_LOST', fromMs: start - 10 * hour, toMs: start - 6 * hour },
    ]);
  }
  await again.ledger.close();
});

test('says of all targets once what the log of the store has lost', async () => {
  const { ledger, file } = await open();
  ledger.succeeded(target, start, interval);
  ledger.succeeded(other, start, interval);
  await ledger.close();
  const hour = 3_600_000;
  const lost = [{ mint: start - 2 * hour, maxt: start - hour }];
  // A checkpoint that lacks series is read again and again until the next one.
  for (let run = 0; run < 3; run++) {
    const again = await open(file);
    again.ledger.lostInLog(lost);
    for (const one of [target, other]) {
      expect(again.ledger.recent(one, 10)).toMatchObject([
        { reason: 'SAMPLES_LOST', fromMs: start - 2 * hour, toMs: start - hour },
      ]);
    }
    await again.ledger.close();
  }
});

test('reads what it can of a damaged file and writes a sound one', async () => {
  const { ledger, file } = await open();
  ledger.skipped(target, start, start + 1000, 1, refused);
  ledger.skipped(target, start + 3000, start + 4000, 1, timeout);
  await ledger.close();
  const whole = file.text;
  for (let cut = 0; cut < whole.length; cut++) {
    file.text = whole.slice(0, cut);
    const again = await open(file);
    const lines = whole
      .slice(0, cut)
      .split('\n')
      .filter((line) => line.startsWith('{"kind":"gap",'));
    const gaps = again.ledger.between(0, Infinity);
    expect(gaps.length).toBeLessThanOrEqual(lines.length);
    again.ledger.skipped(target, start + 5000, start + 6000, 1, refused);
    await again.ledger.close();
    expect((await open(file)).ledger.between(0, Infinity)).toHaveLength(gaps.length + 1);
  }
  file.text = '\0\0\0\n{"kind":"gap","id":"x"}\n[1]\nnull\n';
  expect((await open(file)).ledger.between(0, Infinity)).toEqual([]);
});

test('keeps everything in memory while the disk is full and writes it later', async () => {
  const { ledger, file, clock } = await open();
  file.isFull = true;
  for (let at = 0; at < 20; at++) {
    ledger.missed(target, start + at * interval, interval, at % 2 === 0 ? refused : timeout);
    await clock.advance(1000);
  }
  expect(ledger.problem()).toMatchObject({ code: 'GAP_LEDGER_NOT_SAVED', severity: 'warning' });
  // Not every miss tries to write: failed writes are some seconds apart.
  expect(file.writes).toBeLessThanOrEqual(6);
  file.isFull = false;
  await ledger.close();
  expect(ledger.problem()).toBeUndefined();
  expect((await open(file)).ledger.between(0, Infinity)).toHaveLength(20);
});

test('stays bounded when a target flaps for 30 days, and loses no missed scrape', async () => {
  const limits = { maxBytes: 40_000, slackBytes: 10_000 };
  const { ledger, file, clock } = await open(undefined, limits);
  let missed = 0;
  for (let at = 0; at < 3000; at++) {
    const timeMs = start + at * 60_000;
    if (at % 2 === 0) {
      ledger.missed(target, timeMs, interval, refused);
      missed++;
    } else ledger.succeeded(target, timeMs, interval);
    if (at % 100 === 99) await clock.advance(6_000_000);
    expect(file.text.length).toBeLessThanOrEqual(60_000);
  }
  await ledger.close();
  const gaps = (await open(file, limits)).ledger.between(0, Infinity);
  expect(gaps.reduce((sum, gap) => sum + gap.missedScrapes, 0)).toBe(missed);
  expect(gaps[0]!.message).toMatch(/gaps in this time/);
});

test('is bounded in bytes, whatever language targets are named in', async () => {
  const limits = { maxBytes: 40_000, slackBytes: 10_000 };
  const { ledger, file, clock } = await open(undefined, limits);
  const named = {
    job: '監視対象のデータベース',
    instance: 'データベース・サーバー・第一号機:9187',
  };
  for (let at = 0; at < 1000; at++) {
    const timeMs = start + at * interval;
    if (at % 2 === 0) ledger.missed(named, timeMs, interval, refused);
    else ledger.succeeded(named, timeMs, interval);
    await clock.advance(interval);
    // A write that is under way may be ahead of what was counted by one gap.
    expect(Buffer.byteLength(file.text)).toBeLessThan(41_000);
  }
  await ledger.close();
});

test('of 30 days of a flapping target takes less than a megabyte, missing no scrape', async () => {
  const { ledger, file, clock } = await open();
  let missed = 0;
  let longest = 0;
  // Every second scrape of 30 days fails, for two reasons in turn.
  for (let at = 0; at < (30 * 86_400_000) / interval; at++) {
    const timeMs = start + at * interval;
    if (at % 2 === 0) {
      ledger.missed(target, timeMs, interval, at % 4 === 0 ? refused : timeout);
      missed++;
    } else ledger.succeeded(target, timeMs, interval);
    if (at % 80 === 79) await clock.advance(80 * interval);
    longest = Math.max(longest, file.text.length);
  }
  await ledger.close();
  expect(longest).toBeLessThan(1_000_000);
  const gaps = (await open(file)).ledger.between(0, Infinity);
  expect(gaps.reduce((sum, gap) => sum + gap.missedScrapes, 0)).toBe(missed);
  // The newest hour is told gap by gap.
  const newest = gaps.filter(({ fromMs }) => fromMs >= clock.nowMs() - 3_600_000);
  expect(newest).toHaveLength(120);
});

test('forgets gaps that are older than 30 days', async () => {
  const { ledger, file, clock } = await open();
  ledger.skipped(target, start, start + 1000, 1, refused);
  await ledger.close();
  await clock.advance(31 * 24 * 3_600_000);
  file.text += 'torn';
  const again = await GapLedger.open({ file, clock });
  again.skipped(target, clock.nowMs(), clock.nowMs() + 1, 1, timeout);
  await again.close();
  expect(again.between(0, Infinity)).toMatchObject([{ reason: 'SCRAPE_TIMEOUT' }]);
});

test('keeps a real file', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ledger-'));
  try {
    const clock = new FakeClock(start);
    const ledger = await GapLedger.open({ file: ledgerFile(directory), clock });
    ledger.missed(target, start, interval, refused);
    await ledger.close();
    const text = await readFile(path.join(directory, 'gaps.jsonl'), 'utf8');
    expect(text.split('\n')[0]).toBe('{"kind":"gap-ledger","version":1}');
    const again = await GapLedger.open({ file: ledgerFile(directory), clock });
    expect(again.between(0, Infinity)).toMatchObject([{ reason: 'SCRAPE_REFUSED' }]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('notes that collecting came from another node, and went to one', async () => {
  const { ledger, file } = await open();
  const moved = {
    code: 'COLLECTOR_CHANGED',
    sentence: say('gap.collector-changed', { before: 'mm1', after: 'mm2' }),
  };
  ledger.takeOver([target, other], start, moved);
  ledger.succeeded(target, start + 2000, interval);
  ledger.missed(other, start + 3 * interval, interval, refused);
  expect(ledger.between(0, Infinity)).toMatchObject([
    { job: 'prometheus', reason: 'COLLECTOR_CHANGED', toMs: start + 2000, missedScrapes: 0 },
    { job: 'node', reason: 'COLLECTOR_CHANGED', missedScrapes: 2 },
    { job: 'node', reason: 'SCRAPE_REFUSED', toMs: null },
  ]);
  ledger.handOver(start + 4 * interval);
  expect(ledger.recent(other, 1)).toMatchObject([{ toMs: start + 4 * interval }]);
  await ledger.close();
  const again = await open(file);
  again.ledger.succeeded(target, start + 100 * interval, interval);
  expect(again.ledger.between(0, Infinity)).toHaveLength(3);
  await again.ledger.close();
});

test('keeps what the collecting node has noted, each gap once', async () => {
  const { ledger } = await open();
  const gap = {
    ...{ job: 'prometheus', instance: 'mm1:8067', fromMs: start, toMs: null },
    ...{ reason: 'SCRAPE_REFUSED', ...toldAs(say('scrape.refused')), missedScrapes: 2 },
  };
  const other = { ...gap, instance: 'mm2:8067', toMs: start + 10 };
  ledger.adopt([gap, other], start + 1000);
  ledger.adopt([{ ...gap, missedScrapes: 5 }, other], start + 5000);
  expect(ledger.between(0, Infinity)).toMatchObject([
    { instance: 'mm1:8067', toMs: start + 5000, missedScrapes: 5 },
    { instance: 'mm2:8067', toMs: start + 10, missedScrapes: 2 },
  ]);
  await ledger.close();
});

test('tells gaps for other languages, those of an earlier version in English alone', async () => {
  const older = {
    ...{ kind: 'gap', id: 1, job: 'node', instance: 'mm1:9100', from: start - 9, to: start - 5 },
    ...{ reason: 'SCRAPE_REFUSED', message: 'Nobody is there.', missed: 1 },
  };
  const odd = { ...older, id: 2, from: start - 4, sentence: { id: 7, values: 'x' } };
  const file = new FakeLedgerFile();
  const header = '{"kind":"gap-ledger","version":1}';
  file.text = `${[header, JSON.stringify(older), JSON.stringify(odd)].join('\n')}\n`;
  const { ledger } = await open(file);
  const late = say('scrape.late', { limitMs: 1500 });
  ledger.missed(target, start, interval, { code: 'SCRAPE_TIMEOUT', sentence: late });
  await ledger.close();
  const [first, second, third] = (await open(file)).ledger.between(0, Infinity);
  expect([first?.message, first?.sentence]).toEqual(['Nobody is there.', undefined]);
  expect(second?.sentence).toBeUndefined();
  expect(third).toMatchObject(toldAs(late));
});
