import { expect, test } from '@jest/globals';
import { consolePages, say, type KnownSentence } from '../../api/index.ts';
import { maxNamedTargets } from './limits.ts';
import type { ScrapeTarget } from './target.ts';
import { targetProblems, type FailedTarget } from './target-problems.ts';

const exporter = (number: number, fields: Partial<ScrapeTarget> = {}): ScrapeTarget => {
  const host = `app${String(number)}`;
  const address = { host, port: 9100, path: '/metrics', instance: `${host}:9100` };
  return { ...address, job: 'node', isOptional: true, ...fields };
};

const refused = say('scrape.refused');

function failed(target: ScrapeTarget, code = 'SCRAPE_REFUSED', sentence: KnownSentence = refused) {
  return { target, error: { code, sentence } };
}

/** So many exporters that fail alike. */
const many = (count: number, first = 1): FailedTarget[] =>
  Array.from({ length: count }, (_, i) => failed(exporter(first + i)));

const messages = (...targets: FailedTarget[]) =>
  targetProblems(targets).map(({ message }) => message);

test('says which target brings nothing, and why', () => {
  const server = exporter(1, { job: 'prometheus', instance: 'app1:8067', host: '10.0.0.1' });
  expect(targetProblems([failed(server, 'SCRAPE_X', say('scrape.no-answer'))])).toMatchObject([
    {
      code: 'SCRAPE_X',
      severity: 'error',
      message:
        'No data from app1:8067 (prometheus, http://10.0.0.1:9100/metrics): The target did not answer.',
      link: consolePages.performanceMonitoring,
    },
  ]);
});

test('makes one problem of a hundred targets that fail alike, with what mends one of them', () => {
  const [alone] = targetProblems(many(1));
  const [together, ...others] = targetProblems(many(100));
  expect(others).toEqual([]);
  expect(together).toMatchObject({
    code: 'SCRAPE_REFUSED',
    severity: 'error',
    message:
      'No data from 100 targets: app1:9100 (node), app2:9100 (node), app3:9100 (node) and 97 more. The same reason for each: Nothing listens at this address.',
  });
  expect([together?.advice, together?.link]).toEqual([alone?.advice, alone?.link]);
  expect(together?.sentences?.advice).toEqual(alone?.sentences?.advice);
});

test('names all of a few, and the last one rather than that there is one more', () => {
  const counts = [2, maxNamedTargets, maxNamedTargets + 1, maxNamedTargets + 2];
  const named = counts.map((count) => messages(...many(count))[0]);
  const [two = '', three = '', four = '', five = ''] = named;
  expect(two).toBe(
    'No data from 2 targets: app1:9100 (node), app2:9100 (node). The same reason for each: Nothing listens at this address.',
  );
  expect(three).toMatch(/^No data from 3 targets: .* app3:9100 \(node\)\. /);
  expect(four).toMatch(/^No data from 4 targets: .* app4:9100 \(node\)\. /);
  expect(five).toMatch(/^No data from 5 targets: .* app3:9100 \(node\) and 2 more\. /);
});

test('keeps apart what is mended in different ways, in the order of the targets', () => {
  const server = exporter(1, { job: 'prometheus', instance: 'app1:8067' });
  const plugin = exporter(1, { job: 'boards', path: '/plugins/boards/metrics' });
  const late = failed(exporter(3), 'SCRAPE_TIMEOUT', say('scrape.late', { limitMs: 10_000 }));
  const cut = failed(exporter(4), 'SCRAPE_TIMEOUT', say('scrape.unfinished', { limitMs: 10_000 }));
  const told = messages(failed(server), ...many(2), failed(plugin), late, cut, ...many(2, 5));
  expect(told.map((message) => message.replace(/ ?[(:.].*/, ''))).toEqual([
    'No data from app1',
    'No data from 4 targets',
    'No data from app1',
    'No data from app3',
    'No data from app4',
  ]);
});

test('tells the first reason of many that differ in particulars alone', () => {
  const bad = (number: number, line: number) =>
    failed(
      exporter(number),
      'SCRAPE_PARSE',
      say('scrape.bad-line', { line: String(line), what: say('line.value'), excerpt: 'a x' }),
    );
  expect(messages(bad(1, 7), bad(2, 8))).toEqual([
    'No data from 2 targets: app1:9100 (node), app2:9100 (node). The reason for the first one: The answer cannot be read: line 7: the value is missing or not a number: a x',
  ]);
  expect(messages(bad(1, 7), bad(2, 7))[0]).toMatch(
    /\(node\)\. The same reason for each: The answer cannot be read: line 7/,
  );
});

test('stays short, whatever fails and whatever it is called', () => {
  const long = 'x'.repeat(5000);
  const sick = Array.from({ length: 2000 }, (_, i) =>
    failed(
      exporter(i, { instance: `${String(i)}${long}`, job: long }),
      'SCRAPE_STORE_FAILED',
      say('scrape.store-failed', { code: `${String(i)}${long}` }),
    ),
  );
  const told = targetProblems(sick);
  expect(told).toHaveLength(1);
  expect(JSON.stringify(told).length).toBeLessThan(6000);
});
