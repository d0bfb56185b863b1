import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { writeDiagnostics } from './diagnostics-file.ts';

const maxBytes = 256 * 1024;

async function written(values: Record<string, unknown>, head: string[] = []): Promise<string> {
  const bytes = await writeDiagnostics(head, values);
  expect(bytes.length).toBeLessThanOrEqual(maxBytes);
  return new TextDecoder().decode(bytes);
}

test('is YAML that says what it was given, after its head', async () => {
  const values = { a: 1, list: ['x', { y: null }], left: undefined, when: '2026-11-20', on: 'yes' };
  const text = await written(values, ['One line.', 'Two\nin one.']);
  expect(text).toMatch(/^# One line\.\n# Two in one\.\na: 1\n/);
  expect(parse(text)).toEqual({ a: 1, list: ['x', { y: null }], when: '2026-11-20', on: 'yes' });
  // Readers of older YAML would make a date and a switch of these.
  expect(text).toContain('when: "2026-11-20"');
  expect(text).toContain('"yes"');
});

// What has a meaning in YAML, what cannot be printed, and what needs more than one byte.
const characters = Array.from('ab0.-:#|>&*!%@?,[]{}"\'\\~ \n\r\t\u0000\u0085\u2028é😀');

test('whatever texts come, each stays one value', async () => {
  const text = fc
    .array(fc.constantFrom(...characters), { maxLength: 12 })
    .map((all) => all.join(''));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, text), { maxLength: 20 }), async (texts) => {
      const values = { texts: Object.fromEntries(texts) };
      expect(parse(await written(values))).toEqual(values);
    }),
    { numRuns: 50 },
  );
});

test('what is written in pieces is the same as what is written at once', async () => {
  const lines = ['', ' first', '- x', 'a\nb\n\n c', '# no', 'x'.repeat(300), 'é\u0000'];
  const list = Array.from({ length: 60 }, (_, at) => ({ at, text: lines[at % lines.length] }));
  const values = {
    few: [1],
    nested: { deeper: { list, empty: {} }, 'odd name': list, null: { list } },
    list,
  };
  expect(parse(await written(values))).toEqual(values);
});

test('cuts the ends of long lists and texts until it is small enough, and says so', async () => {
  const entry = { text: 'x'.repeat(900) };
  const many = (count: number) => Array<unknown>(count).fill(entry);
  const some = parse(await written({ list: many(40) })) as { list: unknown[] };
  expect(some.list).toHaveLength(40);
  const more = parse(await written({ list: many(1000), after: true })) as { list: unknown[] };
  const [length, last] = [more.list.length, more.list.at(-1)];
  expect([length, last, 'after' in more]).toEqual([101, '… and 900 more', true]);
  const long = parse(await written({ text: 'y'.repeat(5000) })) as { text: string };
  expect([long.text.length, long.text.at(-1)]).toEqual([1000, '…']);
});

test('stays small whatever it is given, and keeps what it can', async () => {
  const wide = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`name ${String(at)}`, 'z'.repeat(2000)]),
    );
  const kept = parse(await written({ a: wide(500), b: wide(90), few: 1 }));
  expect(kept).toMatchObject({ a: 'left out: too large', few: 1 });
  // Quoted and moved in, this is much more than as JSON.
  const quoted = Array<unknown>(500).fill(['\u0085'.repeat(30)]);
  await written({ deep: { deeper: { deepest: quoted } } });
});
