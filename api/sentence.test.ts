import { expect, test } from '@jest/globals';
import { inEnglish, toldAs } from './in-english.ts';
import { makeProblem } from './make-problem.ts';
import { optionalSentence, optionalSentences } from './read-sentence.ts';
import { maxListed, maxValueChars, say } from './sentence.ts';

test('says a sentence in English with its values', () => {
  const f = (sentence: Parameters<typeof inEnglish>[0], text: string) =>
    expect(inEnglish(sentence)).toBe(text);
  f(say('scrape.refused'), 'Nothing listens at this address.');
  f(
    say('scrape.tls', { code: 'E' }),
    'The target’s certificate is not trusted, or TLS failed (E).',
  );
  f(say('scrape.late', { limitMs: 1500 }), 'The target did not answer within 1.5 s.');
  f(say('scrape.late', { limitMs: 999.6 }), 'The target did not answer within 1000 ms.');
  f(say('scrape.late', { limitMs: 61_400 }), 'The target did not answer within 61 s.');
  f(
    say('note.gaps-cut', { keptCount: 1000, gapCount: 1001 }),
    'Only 1000 of 1001 gaps are listed.',
  );
});

test('chooses the branch of a plural', () => {
  const blocks = (blockCount: number) => inEnglish(say('sync.failing', { code: 'E', blockCount }));
  expect(blocks(0)).toMatch(/\(E\); none waits on this node yet\.$/);
  expect(blocks(1)).toMatch(/; 1 waits on this node\.$/);
  expect(blocks(12)).toMatch(/; 12 wait on this node\.$/);
});

test('tells sizes as never less than they are, and times in UTC', () => {
  const room = (neededBytes: number) =>
    inEnglish(say('dump.no-space', { neededBytes, freeBytes: 0 }));
  expect(room(1023)).toContain('needs 1023 B on');
  expect(room(1025)).toContain('needs 2 KiB on');
  expect(room(5 * 1024 * 1024 + 1)).toContain('needs 6 MiB on');
  const asked = { fromTime: 0, toTime: 1_700_000_000_000 };
  expect(inEnglish(say('dump.range-empty.nothing', asked))).toContain(
    'from 1970-01-01 00:00:00 UTC to 2023-11-14 22:13:20 UTC.',
  );
});

test('says sentences within a sentence, and lists of them', () => {
  const reason = say('host.port');
  expect(inEnglish(say('rtcd.url', { reason }))).toMatch(
    /cannot be used: it must not have a port\.$/,
  );
  const nodes = [
    say('cluster.clock-ahead', { host: 'a', skewMs: 7000 }),
    say('cluster.clock-behind', { host: 'b', skewMs: 60_000 }),
  ];
  expect(inEnglish(say('cluster.clocks', { host: 'c', nodes }))).toContain(
    'a at least 7 s ahead, b at least 60 s behind.',
  );
});

test('bounds what is told', () => {
  const long = say('scrape.defect.reason', { reason: 'x'.repeat(maxValueChars + 1) });
  expect(long.values['reason']).toHaveLength(maxValueChars);
  const whole = say('scrape.defect.reason', { reason: 'x'.repeat(maxValueChars) });
  expect(whole.values['reason']).toBe('x'.repeat(maxValueChars));
  const one = say('cluster.version', { host: 'a', version: '1' });
  const many = say('cluster.versions', { versions: Array.from({ length: 60 }, () => one) });
  expect(many.values['versions']).toHaveLength(maxListed);
});

test('a problem says the same in English and for other languages', () => {
  const [message, advice] = [say('metrics.disabled'), say('metrics.disabled.advice')];
  const parts = { code: 'METRICS_DISABLED', severity: 'error', message, advice } as const;
  expect(makeProblem(parts)).toEqual({
    ...{ code: 'METRICS_DISABLED', severity: 'error' },
    ...{ message: inEnglish(message), advice: inEnglish(advice) },
    sentences: { message, advice },
  });
  expect(makeProblem({ ...parts, link: '/x' }).link).toBe('/x');
});

test('reads the sentences of other versions, and leaves out what is none', () => {
  const told = say('growth.all', { instance: 'i', job: 'j', limitCount: 5, untilTime: 7 });
  const unknown = { id: 'of.another-version', values: { what: { id: 'x', values: {} } } };
  const nested = { id: 'gap.merged', values: { reason: told, gapCount: 2 } };
  for (const sentence of [told, unknown, nested, say('scrape.refused')]) {
    expect(optionalSentence(JSON.parse(JSON.stringify(sentence)))).toEqual(sentence);
  }
  let deep: unknown = told;
  for (let depth = 0; depth < 9; depth++) deep = { id: 'a', values: { b: deep } };
  const values = (content: unknown) => ({ id: 'a', values: content });
  const many = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`a${'b'.repeat(i)}`, '']));
  for (const none of [
    ...[undefined, null, 7, 'x', [], {}, { id: 'a' }, { id: 7, values: {} }, deep],
    ...[{ id: 'A b', values: {} }, { id: '../x', values: {} }, values(null), values(many)],
    ...[values({ a: null }), values({ a: true }), values({ a: NaN }), values({ 'a.b': 'x' })],
    ...[values({ a: 'x'.repeat(maxValueChars + 1) }), values({ a: [7] })],
    values({ a: Array.from({ length: maxListed + 1 }, () => told) }),
  ]) {
    expect([none, optionalSentence(none)]).toEqual([none, undefined]);
  }
  expect(optionalSentences([told, nested])).toEqual([told, nested]);
  for (const none of [undefined, {}, [told, 7]]) expect(optionalSentences(none)).toBeUndefined();
});

test('what is told has its English beside it', () => {
  const sentence = say('gap.late');
  expect(toldAs(sentence)).toEqual({ message: inEnglish(sentence), sentence });
});
