import { expect, test } from '@jest/globals';
import { FakeClock, silentLogger } from '../../../lib/runtime/index.ts';
import { FakeLedgerFile } from '../collector-fixture.ts';
import { MetadataBook } from './metric-metadata.ts';

async function open(file = new FakeLedgerFile()) {
  const clock = new FakeClock();
  return { file, clock, book: await MetadataBook.open({ file, clock, logger: silentLogger }) };
}

function said(name: string, help?: string, type?: string, unit?: string) {
  return new Map([[name, { type, help, unit }]]);
}

test('keeps what was said last, and what later bodies do not say', async () => {
  const { book } = await open();
  book.note('node', said('a', 'A.', 'counter'));
  book.note('node', said('a', undefined, undefined, 'seconds'));
  book.note('node', said('b', undefined, 'untyped'));
  book.note('calls', said('a', 'A.', 'counter', 'seconds'));
  book.note('calls', said('b', 'Another.', 'gauge'));
  expect(book.all()).toEqual({
    a: [{ type: 'counter', help: 'A.', unit: 'seconds' }],
    b: [
      { type: 'unknown', help: '', unit: '' },
      { type: 'gauge', help: 'Another.', unit: '' },
    ],
  });
  await book.close();
});

test('survives restarts and writes once for many changes', async () => {
  const { book, file, clock } = await open();
  for (let at = 0; at < 10; at++) book.note('node', said(`m${String(at)}`, 'x', 'gauge'));
  expect(file.writes).toBe(0);
  await clock.advance(10_000);
  expect(file.writes).toBe(1);
  book.note('node', said('m0', 'x', 'gauge'));
  await clock.advance(60_000);
  expect(file.writes).toBe(1);
  await book.close();
  expect((await open(file)).book.all()).toEqual(book.all());
});

test('tries again after a full disk', async () => {
  const { book, file, clock } = await open();
  file.isFull = true;
  book.note('node', said('a', 'x', 'gauge'));
  await clock.advance(10_000);
  file.isFull = false;
  await book.close();
  expect((await open(file)).book.all()).toHaveProperty('a');
});

test('is bounded for each job by itself', async () => {
  const { book, file } = await open();
  book.note('node', said('real', 'x'.repeat(2000), 'gauge'));
  for (let at = 0; at < 4000; at++) book.note('wild', said(`w${String(at)}`, 'x'));
  book.note('wild', said('n'.repeat(513), 'x'));
  for (let at = 0; at < 40; at++) book.note(`job${String(at)}`, said('real', 'other'));
  const all = book.all();
  expect(Object.keys(all)).toHaveLength(3001);
  expect(all['real']![0]!.help).toHaveLength(1001);
  expect(all).not.toHaveProperty('w999');
  expect(all).toHaveProperty('w3999');
  await book.close();
  expect(file.text.length).toBeLessThan(400_000);
});

test('knows every job, and forgets the one that was silent for longest when there are too many', async () => {
  const { book, file } = await open();
  for (let at = 0; at < 100; at++) book.note(`job${String(at)}`, said(`of_${String(at)}`, 'x'));
  expect(Object.keys(book.all())).toHaveLength(100);
  for (let at = 100; at < 250; at++) book.note(`job${String(at)}`, said(`of_${String(at)}`, 'x'));
  book.note('job60', said('of_60', 'new'));
  for (let at = 250; at < 300; at++) book.note(`job${String(at)}`, said(`of_${String(at)}`, 'x'));
  await book.close();
  for (const all of [book.all(), (await open(file)).book.all()]) {
    expect(Object.keys(all)).toHaveLength(200);
    expect(all).toHaveProperty('of_60');
    expect(all).toHaveProperty('of_299');
    expect(all).not.toHaveProperty('of_0');
  }
});

test('is bounded over all jobs, at the cost of the largest', async () => {
  const { book } = await open();
  book.note('few', said('of_few', 'x'));
  for (let job = 0; job < 20; job++) {
    const names = Array.from({ length: 3000 }, (_, at) => `j${String(job)}_${String(at)}`);
    const all = names.map((name) => [name, { type: 'gauge', help: 'x', unit: undefined }] as const);
    book.note(`job${String(job)}`, new Map(all));
  }
  const all = book.all();
  expect(Object.keys(all)).toHaveLength(48_000);
  expect(all).toHaveProperty('of_few');
  await book.close();
});

test('begins anew where the file makes no sense', async () => {
  const file = new FakeLedgerFile();
  const texts = ['{', '[]', 'null', '{"kind":"metric-metadata","version":2,"metrics":[]}'];
  for (const text of [...texts, '{"kind":"metric-metadata","version":1,"metrics":[1,{"job":2}]}']) {
    file.text = text;
    expect((await open(file)).book.all()).toEqual({});
  }
});
