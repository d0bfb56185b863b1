// Goal: whoever writes against the HTTP API finds every route, no route that is not there, and how to
// read what is told. Method:
// the sources of the routes are read for what they register, and docs/api.md for its tables.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { apiError } from '../api/answers.ts';
import { english, namesInTemplate, say, toldAs } from '../api/index.ts';
import { maxListed, maxValueChars } from '../api/sentence.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const sources = ['app', 'dump-routes', 'go-plugin-routes', 'settings-saved', 'state-routes'];

function registered(): string[] {
  return sources.flatMap((name) => {
    const text = readFileSync(`${root}server/web/${name}.ts`, 'utf8');
    const calls = text.matchAll(/\b(?:app|router)\.(get|post|put|patch|delete)\(\s*'([^']*)'/g);
    return [...calls].map(([, method = '', route = '']) => {
      return `${method.toUpperCase()} ${route.replaceAll(':id', '{id}')}`;
    });
  });
}

/** What stands in code at the beginning of a row; a row may have two routes. */
function documented(): string[] {
  const page = readFileSync(`${root}docs/api.md`, 'utf8');
  return [...page.matchAll(/^\| (`(?:GET|POST|PUT|PATCH|DELETE) .*?) \| /gm)].flatMap(
    ([, cell = '']) =>
      [...cell.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) [^`?]+)[^`]*`/g)].map(
        ([, route = '']) => route,
      ),
  );
}

test('the page of the HTTP API has every route, and every route of it is there', () => {
  const routes = [...new Set(registered())].sort();
  expect(routes.length).toBeGreaterThan(15);
  expect([...new Set(documented())].sort()).toEqual(routes);
});

test('what the page shows of sentences is what the server tells', () => {
  const page = readFileSync(`${root}docs/api.md`, 'utf8');
  const [, json = ''] = /```json\n(.*?)```/s.exec(page) ?? [];
  const shown = apiError(JSON.parse(json), 'error');
  const told = say('dump.no-space', { neededBytes: 1_610_612_736, freeBytes: 209_715_200 });
  expect(shown).toEqual({ code: 'DUMP_NO_SPACE', ...toldAs(told), detail: '' });
  expect(page).toContain(`at most ${String(maxValueChars)} characters`);
  expect(page).toContain(`list ${String(maxListed)} entries`);
});

test('the ends of names tell what a value is, of each in the catalogue', () => {
  const names = new Set(Object.values(english).flatMap(namesInTemplate));
  const ends = new Set([...names].flatMap((name) => /[A-Z][a-z]+$/.exec(name)?.[0] ?? []));
  // Of the others one is a text, which its whole name tells.
  expect([...ends].sort()).toEqual(['Bytes', 'Count', 'Ms', 'Reason', 'Time']);
  const page = readFileSync(`${root}docs/api.md`, 'utf8');
  for (const end of ['Bytes', 'Count', 'Ms', 'Time']) expect(page).toContain(`\`…${end}\``);
});
